"""How edits are written: values, lists, units, and mistakes that name what was meant."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.shot.edits.applying import _APPLY
from kinoeye.shot.edits.operators import OPERATORS, operator_help, parse_edit


@pytest.mark.parametrize(
    ("text", "given_"),
    [
        ("reverse", {}),
        ("reverse:", {}),
        ("smooth:0.02", {"tolerance": 0.02}),
        ("smooth:tolerance=2e-2,degrees=1.5deg", {"tolerance": 0.02, "degrees": 1.5}),
        ("SMOOTH:.5,2,free", {"tolerance": 0.5, "degrees": 2.0, "ends": "free"}),
        ("retime:constant-speed,radians-per-metre=0", {"pace": "constant-speed", "radians_per_metre": 0.0}),
        ("retime:at=1,3s,durations=2,1s,2", {"at": (1.0, 3.0), "durations": (2.0, 1.0, 2.0)}),
        ("resample:49", {"frames": 49}),
        ("resample:49,cubic", {"frames": 49, "curve": "cubic"}),
        ("resample:fps=23.976", {"fps": 23.976}),
        ("resample:wan-fun", {"model": "wan-fun"}),
        ("look-at:-1,+2,.5,keep-roll", {"subject": (-1.0, 2.0, 0.5), "keep_roll": True}),
        ("look-at:1,2,3,up=0,-1,0", {"subject": (1.0, 2.0, 3.0), "up": (0.0, -1.0, 0.0)}),
        ("look-at:red robot", {"subject": "red robot"}),
        ("look-at:subject=1,2,3", {"subject": (1.0, 2.0, 3.0)}),
        ("dolly-zoom:4", {"subject": (4.0,)}),
        ("stitch:out/b.json#left,bridge=2s", {"file": "out/b.json#left", "bridge": 2.0}),
        ("stitch:recammaster:arc-left", {"file": "recammaster:arc-left"}),
        ("stitch:file=a=b.json", {"file": "a=b.json"}),
        ("anchor:z-up,height=2", {"to": "z-up", "height": 2.0}),
        ("background:a beach, at dusk", {"words": "a beach, at dusk"}),
        ("background=out/square.hdr, turn=-30deg", {"words": "out/square.hdr", "turn": -30.0}),
        ("background:a place,height=3", {"words": "a place,height=3"}),
        ("camera:push in,  then pan left", {"words": "push in, then pan left"}),
        ("camera=recammaster:arc-left", {"words": "recammaster:arc-left"}),
        (
            "Motion:red robot=walks in a circle, then waves",
            {"actor": "red robot", "words": "walks in a circle, then waves"},
        ),
        ("motion=waves", {"words": "waves"}),
        ("motion:a=b=c.bvh", {"actor": "a", "words": "b=c.bvh"}),
        ("add-actor=a dog beside her", {"words": "a dog beside her"}),
        ("anchor:at=1,2,3,yaw=-30deg", {"at": (1.0, 2.0, 3.0), "yaw": -30.0}),
        ("trim:0.5,-0.5", {"start": 0.5, "end": -0.5}),
        ("trim:frames=3,-1", {"frames": (3.0, -1.0)}),
        ("scale:0.01,m", {"factor": 0.01, "unit": "m"}),
        ("zoom:fov=60,20", {"fov": (60.0, 20.0)}),
        ("fit:832x480", {"size": (832, 480)}),
        ("handheld:2,seed=7", {"amplitude": 2.0, "seed": 7}),
    ],
)
def test_words_are_read(text, given_):
    operation = parse_edit(text)
    assert dict(operation.given) == given_
    assert operation.text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smoth:1", "did you mean 'smooth'?"),
        ("lookat:1,2,3", "did you mean 'look-at'?"),
        ("xyzzy", "edits: retime, reverse"),
        ("", "edits: retime, reverse"),
        ("smooth:tolerence=1", "did you mean 'tolerance'?"),
        ("smooth:qqq=1", "write smooth:TOLERANCE"),
        ("smooth", "needs tolerance: smooth:TOLERANCE"),
        ("smooth:abc", "tolerance is 'abc'; a number is needed"),
        ("smooth:nan", "a number is needed"),
        ("smooth:1e999", "a number is needed"),
        ("smooth:1,2,3", "smooth has no argument '3'"),
        ("smooth:1,degrees=2s", "'2s'; a number in deg is needed"),
        ("smooth:1,tolerance=2", "tolerance twice"),
        ("smooth:1,ends=loose", "one of kept, free is needed"),
        ("retime:constnat-speed", "did you mean 'constant-speed'?"),
        ("retime:duration=", "duration is ''"),
        ("resample:0", "a whole number from 1"),
        ("resample:4.5", "frames is '4.5'; a whole number from 1"),
        ("resample:frames=abc", "a whole number from 1"),
        ("look-at:1,2,3,keeproll", "did you mean 'keep-roll'?"),
        ("fit:big", "WIDTHxHEIGHT"),
        ("reverse:twice", "reverse has no argument 'twice'"),
        ("stitch:", "needs file"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_right(text, message):
    with pytest.raises(InputError) as raised:
        parse_edit(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@given(
    text=st.text(max_size=40)
    | st.builds("{}:{}".format, st.sampled_from(list(OPERATORS)), st.text(",=.0123456789-xabcfps", max_size=30))
)
def test_any_text_is_an_edit_or_refused(text):
    try:
        operation = parse_edit(text)
    except InputError:
        return
    assert operation.name in OPERATORS


def test_every_operator_is_done_and_in_the_help():
    assert set(_APPLY) == set(OPERATORS)
    shown = operator_help()
    for operator in OPERATORS.values():
        assert operator.summary in shown
        for form in operator.form.split(" | "):
            assert f"  {form}\n" in shown
            assert form.partition(":")[0].partition("[")[0] == operator.name


def test_a_mistake_is_told_before_torch_is_loaded():
    words = ["edit", "a.json", "smoth", "-o", "b.json"]
    code = f"import sys; from kinoeye.cli import main; main({words}); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "did you mean 'smooth'?" in run.stderr
    assert not {"torch", "scipy", "jaxtyping"} & set(run.stdout.split())
