"""The parts of a report as HTML; every word that a user wrote passes through `escape`."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from kinoeye.base.files import read_bytes
from kinoeye.base.run_record import RunRecord
from kinoeye.language.plan import Plan, UnusedWords
from kinoeye.shot import Shot
from kinoeye.studio.layer_sheets import Sheet
from kinoeye.studio.moves import MoveSpan, action_words, quantity

TICK_SHARE = 0.07
"""Room that a number below the time line needs, as a share of its width."""
LONG_SENTENCE = 220
"""Above this many characters a sentence is set small."""
MAX_EMBEDDED_BYTES = 32 * 1024 * 1024
PREVIEW_CHARACTERS = 4000


def data_uri(content: bytes, media_type: str) -> str:
    """Bytes as an address that holds them."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def sentence(plan: Plan, shot: Shot) -> str:
    """The sentence as a heading: what was understood is marked, what was not is underlined and named below."""
    spans = sorted(_spans(plan, shot))
    parts, at = [], 0
    for start, end, opening, closing in spans:
        if start < at:
            continue  # a mention inside another one
        parts += [_marked(plan.text[at:start]), opening, escape(plan.text[start:end]), closing]
        at = end
    parts.append(_marked(plan.text[at:]))
    long = ' class="long"' if len(plan.text) > LONG_SENTENCE else ""
    return f"<h1{long}>{''.join(parts)}</h1>\n{_sentence_legend(plan)}"


def _spans(plan: Plan, shot: Shot) -> Iterable[tuple[int, int, str, str]]:
    """Start, end, opening and closing tag of each stretch of the text that is more than a move."""
    colors = {actor.name: actor.avatar.color_rgb for actor in shot.actors if actor.avatar}
    for mention in plan.actors:
        color = colors.get(mention.name)
        tone = f' style="--tone: {css_rgb(color)}"' if color else ""
        yield mention.start, mention.end, f'<mark class="named" title="actor: {escape(mention.name)}"{tone}>', "</mark>"
    if plan.place is not None:
        title = f"place: {escape(plan.place.environment)}"
        yield plan.place.start, plan.place.end, f'<mark class="named" title="{title}">', "</mark>"
    for word in plan.read_as:
        yield word.start, word.end, f'<mark class="named" title="read as {escape(word.word)}">', "</mark>"
    for words in plan.unused:
        hint = f"; did you mean {escape(words.suggestion)}?" if words.suggestion else ""
        yield words.start, words.end, f'<span class="unused" title="not used{hint}">', "</span>"


def _marked(text: str) -> str:
    """Understood words in a mark, without the spaces and commas around them."""
    core = text.strip(" \t\r\n,;.:!?")
    if not core:
        return escape(text)
    start = text.index(core)
    return f"{escape(text[:start])}<mark>{escape(core)}</mark>{escape(text[start + len(core) :])}"


def _sentence_legend(plan: Plan) -> str:
    items = ["<li><i></i>understood</li>"]
    if plan.read_as:
        corrected = ", ".join(f"<b>{escape(w.text)}</b> as {escape(w.word)}" for w in plan.read_as)
        items.append(f"<li><span>read</span>: {corrected}</li>")
    if plan.unused:
        words = ", ".join(f"<b>{escape(w.text)}</b>{_remark(w)}" for w in plan.unused)
        items.append(f'<li class="not-used"><span>not used</span>: {words}</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def _remark(words: UnusedWords) -> str:
    if words.suggestion:
        return f" (did you mean {escape(words.suggestion)}?)"
    return f" ({escape(words.note)})" if words.note else ""


def facts(pairs: Mapping[str, str]) -> str:
    """Label -> value, side by side."""
    return (
        '<dl class="facts">'
        + "".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs.items())
        + "</dl>"
    )


def timeline(moves: Sequence[MoveSpan], duration_s: float, start_s: float, marks: str = "") -> str:
    """Play button, the moves as coloured bars over time, a slider over them, and marks below."""
    bars, ticks, last = [], ["<span>0 s</span>"], 0.0
    for move in moves:
        left, width = (move.start_s - start_s) / duration_s, (move.end_s - move.start_s) / duration_s
        lanes = "".join(
            f'<span style="--tone: var(--{family})"><b>{escape(action_words(action))}</b></span>'
            for action, family in zip(move.actions, move.families, strict=True)
        )
        bars.append(f'<div class="move" style="left: {left:.4%}; width: {width:.4%}">{lanes}</div>')
        if last + TICK_SHARE < left + width < 1 - 3 * TICK_SHARE:
            ticks.append(f'<span style="left: {left + width:.4%}">{move.end_s - start_s:.3g}</span>')
            last = left + width
    if not moves:
        bars.append(
            '<div class="move" style="left: 0; width: 100%"><span style="--tone: var(--hold)"><b>path</b></span></div>'
        )
    return f"""<div class="transport">
<button type="button" aria-label="Play" aria-pressed="false"><svg viewBox="0 0 16 16" aria-hidden="true">
<path class="play" d="M4 2v12l10-6z"/><path class="pause" d="M3 2h4v12H3zm6 0h4v12H9z"/></svg></button>
<div class="timeline"><div class="lanes" aria-hidden="true">{"".join(bars)}</div><i class="playhead"></i>
<input type="range" aria-label="Time" min="0" max="{duration_s:.6g}" step="any" value="0">
{marks}<div class="ticks">{"".join(ticks)}<output>0.00 / {duration_s:.2f} s</output></div></div>
</div>"""


def moves_table(moves: Sequence[MoveSpan], unit: str, start_s: float) -> str:
    """Each move in words, when it happens, and how far it took the camera."""
    rows = []
    for index, move in enumerate(moves, start=1):
        chips = "".join(
            f'<span class="chip" style="--tone: var(--{family})">{escape(action_words(action))}</span>'
            for action, family in zip(move.actions, move.families, strict=True)
        )
        start, end = move.start_s - start_s, move.end_s - start_s
        rows.append(
            f'<tr data-start="{start:.6g}" data-end="{end:.6g}"><td class="number">{index}</td><td>{chips}</td>'
            f'<td class="number clock">{start:.2f} – {end:.2f} s</td>'
            f'<td class="number">{quantity(move.travel, unit)}</td>'
            f'<td class="number">{quantity(move.turn_rad, "rad")}</td></tr>'
        )
    return f"""<div class="moves scroll"><table>
<thead><tr><th>#</th><th>Move</th><th class="clock">When</th><th>Travelled</th><th>Turned</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>"""


def sheet_strip(sheets: Sequence[Sheet]) -> str:
    """Small pictures side by side that the page's clock turns."""
    tiles = "".join(
        f'<div class="tile" role="img" aria-label="{escape(sheet.name)}" data-tiles="{sheet.tiles}" '
        f'data-columns="{sheet.columns}" data-rows="{sheet.rows}" style="aspect-ratio: {sheet.aspect:.4f}; '
        f"background-size: {100 * sheet.columns}% {100 * sheet.rows}%; "
        f'background-image: url({data_uri(sheet.jpeg, "image/jpeg")})"></div>'
        for sheet in sheets
    )
    return f'<div class="tiles">{tiles}</div>' if tiles else ""


def camera_files(cameras: Mapping[str, Path], refused: Mapping[str, str]) -> str:
    """Each written camera file: its name and size, a link that saves it, and its first lines.

    Args:
        cameras: format -> file, or folder for a format of several files.
        refused: format -> why there is no file of it.

    Raises:
        InputError: a file is missing or larger than 32 MiB.
    """
    files = ((n, f) for n, path in cameras.items() for f in (sorted(path.iterdir()) if path.is_dir() else [path]))
    rows = "".join(f"<li><b>{escape(name)}</b>: {escape(reason)}</li>" for name, reason in refused.items())
    rest = f'<h3>Not written</h3><ul class="skipped">{rows}</ul>' if rows else ""
    return f'<div class="files">{"".join(_camera_file(name, path) for name, path in files)}</div>{rest}'


def _camera_file(name: str, path: Path) -> str:
    content = read_bytes(path, max_bytes=MAX_EMBEDDED_BYTES)
    try:
        text = content.decode("utf-8")
        cut = len(text) > PREVIEW_CHARACTERS
        preview = f"<pre>{escape(text[:PREVIEW_CHARACTERS])}{'…' if cut else ''}</pre>"
    except UnicodeDecodeError:
        preview = '<p class="soft">A binary file; save it to look inside.</p>'
    link = data_uri(content, "application/octet-stream")
    return (
        f"<details><summary><b>{escape(name)}</b><code>{escape(path.name)} · {size_words(len(content))}</code>"
        f'<a download="{escape(path.name)}" href="{link}">Save</a></summary>{preview}</details>'
    )


def run_lines(run: RunRecord | None, version: str) -> str:
    """What made the page: command, seeds, versions, conventions."""
    if run is None:
        return f"<p>Made by Kinoeye {escape(version)}.</p>"
    seeds = ", ".join(f"{escape(name)} {value}" for name, value in run.seeds.items())
    weights = ", ".join(f"{escape(name)} {escape(sha[:12])}" for name, sha in run.weights_sha256.items())
    versions = ", ".join(f"{escape(name)} {escape(number)}" for name, number in run.versions.items())
    lines = (("Seeds", seeds), ("Weights", weights), ("Versions", versions), ("Conventions", escape(run.conventions)))
    command = escape(shlex.join(("kinoeye", *run.argv)))
    return f"<pre>{command}</pre>" + "".join(f"<p>{label}: {value}.</p>" for label, value in lines if value)


def css_rgb(color: Sequence[float]) -> str:
    """A CSS colour of sRGB values, 0 to 1."""
    return f"rgb({' '.join(str(round(255 * channel)) for channel in color)})"


def size_words(count: int) -> str:
    """A file's size as people read it."""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
