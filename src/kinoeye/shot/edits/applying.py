"""Edits asked for in words, applied one after another, with what each changed said in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from kinoeye.base.errors import InputError
from kinoeye.geometry.smoothing import jerk
from kinoeye.shot.edits.aiming import look_at
from kinoeye.shot.edits.lenses import dolly_zoom, fit, zoom, zoom_to
from kinoeye.shot.edits.motion import Edited, Motion, Outcome, P, camera_of, image_words, track_of
from kinoeye.shot.edits.of_shots import OF_SHOTS, Changes
from kinoeye.shot.edits.operators import parse_edit
from kinoeye.shot.edits.placing import anchor, anchor_upright, mirror, pose_at, scale
from kinoeye.shot.edits.smoothing import handheld, smooth
from kinoeye.shot.edits.sources import Sources
from kinoeye.shot.edits.stitching import stitch
from kinoeye.shot.edits.syntax import Operation
from kinoeye.shot.edits.timing import (
    MAX_FRAMES,
    resample,
    resample_for,
    retime_eased,
    retime_evenly,
    retime_to,
    reverse,
    trim,
    trim_frames,
)
from kinoeye.shot.edits.words import (
    actors_stay,
    count,
    field_of_view,
    length,
    moved,
    rate,
    subject_words,
    travelled,
    turned_rad,
)
from kinoeye.shot.shot import Shot
from kinoeye.shot.targets import target_named


def edit(path: P, *operations: Operation | str, sources: Sources | None = None) -> Edited[P]:
    """A path or a shot after edits, from left to right.

    Args:
        path: a track, camera or shot; the result is of the same kind, and a shot keeps its actors.
        operations: such as "smooth:0.02" or "background:a beach"; see `kinoeye edit --help`.
        sources: how to read files that edits name; without them such an edit is refused. `kinoeye.studio.edit_files`
            reads all that the command line does.

    Raises:
        InputError: an edit is not known, cannot be done to this path, or contradicts another one; or nobody whom edits
            of a shot concern would be filmed.

    Example:
        >>> from kinoeye import language
        >>> edit(language.compile(language.parse("push in two metres")), "reverse", "resample:81").notes[1]
        'resample: 49 poses became 81, at 40 a second'
    """
    parsed = [parse_edit(operation) if isinstance(operation, str) else operation for operation in operations]
    edited: Motion = path
    notes: list[str] = []
    changes = Changes()
    for operation in parsed:
        before = edited
        try:
            changes.claim(before, operation)
            edited, note = _APPLY[operation.name](before, operation.given, sources or Sources())
        except InputError as error:
            raise InputError(f"{operation.text}: {error}") from error
        notes.append(f"{operation.name}: {note}")
        if operation.operator.told:
            changes.note(before, edited)
    caveats: tuple[str, ...] = ()
    if isinstance(path, Shot) and isinstance(edited, Shot) and any(operation.operator.told for operation in parsed):
        caveats = changes.require_filmed(path, edited)
    return Edited(cast(P, edited), tuple(notes), caveats)


def _retime(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    given = dict(given)
    pace, weight = given.pop("pace", None), given.pop("radians_per_metre", None)
    if (pace is None) == (not given) or (weight is not None and pace != "constant-speed"):
        raise InputError("give either a pace (constant-speed, ease-in, ease-out, ease-in-out) or seconds")
    track = track_of(path)
    if pace == "constant-speed":
        even = retime_evenly(path, radians_per_metre=weight)
        seconds = max(track.duration_s, 1e-12)
        speed = travelled(track_of(even)) / seconds
        turned = math.degrees(turned_rad(track_of(even))) / seconds
        return even, f"constant speed, {length(track, speed)} and {turned:.3g} degrees a second on average"
    if pace is not None:
        return retime_eased(
            path, pace.removeprefix("ease-")
        ), f"eased {pace.removeprefix('ease-').replace('-', ' and ')}"
    cuts, start = given.get("at", ()), given.get("start")
    if "duration" in given and ("durations" in given or cuts):
        raise InputError("duration is of the whole path; with cuts (at) give durations")
    durations = given.get("durations", (given.get("duration", track.duration_s),))
    retimed = retime_to(path, durations, cuts_s=cuts, start_s=start)
    after = track_of(retimed)
    return retimed, (
        f"{track.duration_s:.6g} s became {after.duration_s:.6g} s from {float(after.times_s[0]):g} s on with the same "
        f"{count(after)}, now {rate(after)}{actors_stay(path)}"
    )


def _reverse(path: Motion, _given: Mapping[str, Any], _sources: Sources) -> Outcome:
    return reverse(path), "the path runs from its last pose to its first"


def _trim(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    if ("frames" in given) == ("start" in given or "end" in given):
        raise InputError("give either START,END in seconds or frames=FIRST,STOP")
    if "frames" in given:
        numbers = given["frames"]
        if len(numbers) > 2 or any(n != int(n) or abs(n) > MAX_FRAMES for n in numbers):
            raise InputError(f"frames are FIRST,STOP, two whole numbers of at most {MAX_FRAMES:,}")
        trimmed = trim_frames(path, int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else None)
    else:
        trimmed = trim(path, start_s=given.get("start", 0.0), end_s=given.get("end"))
    before, after = track_of(path), track_of(trimmed)
    first, last = (float(after.times_s[end] - before.times_s[0]) for end in (0, -1))
    return trimmed, f"{len(after)} of {count(before)} are left, from {first:g} to {last:g} s, with the times they had"


def _resample(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    asked = {key: given[key] for key in ("frames", "fps", "stride", "model") if key in given}
    if len(asked) != 1:
        raise InputError("give one of a number of frames, fps=RATE, stride=N, or a film model's name")
    curve = given.get("curve", "linear")
    before = track_of(path)
    if "model" not in given:
        sampled = resample(path, curve=curve, **asked)
        return sampled, f"{count(before)} became {len(track_of(sampled))}, {rate(track_of(sampled))}"
    target = target_named(given["model"])
    sampled = resample_for(path, target, curve=curve)
    after = track_of(sampled)
    same = abs(after.duration_s - before.duration_s) < 1e-6
    pace = "" if same else f", so that {before.duration_s:.4g} s last {after.duration_s:.4g} s"
    return sampled, f"{count(before)} became {len(after)} for {target.title}, {rate(after)}{pace}"


def _smooth(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    keep_ends = given.get("ends", "kept") == "kept"
    radians = math.radians(given.get("degrees", 1.0))
    smoothed = smooth(path, tolerance=given["tolerance"], tolerance_rad=radians, keep_ends=keep_ends)
    before, after = jerk(track_of(path)), jerk(track_of(smoothed))
    falls = [
        f"the {name} jerk fell to {100 * now / was:.3g} %"
        for name, was, now in zip(("linear", "angular"), before, after, strict=True)
        if was > 1e-9 and now < was
    ]
    return smoothed, f"{moved(path, smoothed)}; " + (" and ".join(falls) or "there was no jerk to take away")


def _handheld(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    shaken = handheld(path, amplitude=given.get("amplitude", 1.0), seed=given.get("seed", 0))
    only = "" if track_of(path).unit == "m" else " (rotation only: the scale of the path is not known)"
    return shaken, f"{moved(path, shaken)}{only}"


def _stitch(path: Motion, given: Mapping[str, Any], sources: Sources) -> Outcome:
    other = sources.path(given["file"])
    options = {"match": given.get("match", "pose"), "blend_s": given.get("blend", 0.5)}
    if "bridge" in given and len(given) > 2:
        raise InputError("a bridge leaves the other path where it is; leave out match and blend")
    stitched = stitch(path, other, bridge_s=given.get("bridge"), **options)
    before, after = track_of(path), track_of(stitched)
    how = (
        f"reached by a bridge of {given['bridge']:g} s"
        if "bridge" in given
        else f"moved to the seam and blended in over {min(options['blend_s'], track_of(other).duration_s):g} s"
    )
    return (
        stitched,
        f"{len(after) - len(before)} poses of {given['file']} follow, {how}; {count(after)} now{actors_stay(path)}",
    )


def _mirror(path: Motion, _given: Mapping[str, Any], _sources: Sources) -> Outcome:
    return mirror(path), "left and right are exchanged about the plane in which the first camera looks"


def _scale(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    about = given.get("about", "first")
    scaled = scale(path, given["factor"], unit=given.get("unit"), about=about)
    before, after = track_of(path).unit, track_of(scaled).unit
    unit = "" if before == after else f"; the unit is now {after}"
    point = "the first camera" if about == "first" else "the world's origin"
    return scaled, f"translations are multiplied by {given['factor']:g} about {point}{unit}"


def _anchor(path: Motion, given: Mapping[str, Any], sources: Sources) -> Outcome:
    to = [key for key in ("to", "file", "at") if key in given]
    angles = {f"{key}_deg": given[key] for key in ("yaw", "pitch", "roll") if key in given}
    if len(to) > 1 or ("height" in given and given.get("to") != "z-up") or (angles and "at" not in given):
        raise InputError("give one of identity, z-up with height, a file, or at=X,Y,Z with yaw, pitch and roll")
    if given.get("to") == "z-up":
        known = track_of(path).up == "z"
        anchored = anchor_upright(path, height=given.get("height"))
        height = length(track_of(path), float(track_of(anchored).T_world_body.translation[0, 2]))
        how = "keeps its tilt and roll" if known else "is taken to be level: the file does not say what is vertical"
        return anchored, f"the world is z-up, the first camera {height} above its origin; it {how}"
    if "at" in given:
        if len(given["at"]) != 3:
            raise InputError("at is a position X,Y,Z")
        return anchor(path, pose_at(given["at"], **angles), up="z"), "the first pose is the given one"
    if "file" in given:
        return anchor(path, sources.path(given["file"])), f"the first pose is that of {given['file']}"
    return anchor(path), "the first pose is the identity; the world's axes are those of the first camera"


def _look_at(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    aimed = look_at(path, _subject(path, given["subject"]), keep_roll="keep_roll" in given, up=given.get("up"))
    level = "roll is kept" if "keep_roll" in given else "the horizon is level"
    if track_of(path).up is None and "up" not in given:
        level += " as the first camera has it, since the file does not say what is vertical"
    return aimed, f"every camera looks at {subject_words(given['subject'])} ({moved(path, aimed)}); {level}"


def _dolly_zoom(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    subject = given["subject"]
    numbers = isinstance(subject, tuple) and len(subject) == 1
    zoomed = dolly_zoom(path, subject[0] if numbers else _subject(path, subject))
    what = f"what is {subject[0]:g} ahead" if numbers else subject_words(subject)
    return zoomed, f"{what} keeps its size; {field_of_view(zoomed)}"


def _zoom(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    if len(given) != 1 or len(next(iter(given.values()))) > 2:
        raise InputError("give a factor or fov=DEGREES, one number or FROM,TO")
    zoomed = zoom(path, given["factor"]) if "factor" in given else zoom_to(path, given["fov"])
    return zoomed, field_of_view(zoomed)


def _fit(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    fitted = fit(path, given["size"])
    before = camera_of(path, needed_for="an image size").size_wh
    return (
        fitted,
        f"the intrinsics of {image_words(before)} are for {image_words(given['size'])} now; {field_of_view(fitted)}",
    )


_APPLY: Mapping[str, Callable[[Motion, Mapping[str, Any], Sources], Outcome]] = MappingProxyType(
    {
        "retime": _retime,
        "reverse": _reverse,
        "trim": _trim,
        "resample": _resample,
        "smooth": _smooth,
        "handheld": _handheld,
        "stitch": _stitch,
        "mirror": _mirror,
        "scale": _scale,
        "anchor": _anchor,
        "look-at": _look_at,
        "dolly-zoom": _dolly_zoom,
        "zoom": _zoom,
        "fit": _fit,
        **OF_SHOTS,
    }
)


def _subject(path: Motion, subject: tuple[float, ...] | str) -> tuple[float, ...] | str:
    """A point, or an actor's name, in which a shell's hyphens and underscores may stand for blanks."""
    if isinstance(subject, tuple):
        if len(subject) != 3:
            raise InputError(f"{len(subject)} numbers are not a point; give X,Y,Z")
        return subject
    names = [actor.name for actor in path.actors] if isinstance(path, Shot) else []
    plain = subject.replace("-", " ").replace("_", " ")
    return plain if subject not in names and plain in names else subject
