"""The edits that can be written in a word, and the reading of such words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from kinoeye.base.errors import InputError
from kinoeye.shot.edits.syntax import Operation, Operator, Parameter, nearest, parse_arguments

_CURVE = Parameter("curve", "choice", choices=("linear", "cubic"))
_SUBJECT = Parameter("subject", "subject", bare=True, required=True)

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        operator.name: operator
        for operator in (
            Operator(
                "retime",
                "retime:constant-speed[,radians-per-metre=R] | retime:ease-in|ease-out|ease-in-out | "
                "retime:duration=S | retime:at=S1,S2,durations=A,B,C | retime:start=S",
                "another pace: constant (turns count too), eased, or given seconds of the whole or of parts",
                (
                    Parameter("pace", "choice", choices=("constant-speed", "ease-in", "ease-out", "ease-in-out")),
                    Parameter("radians-per-metre", "number"),
                    Parameter("duration", "number", unit="s"),
                    Parameter("at", "numbers", unit="s"),
                    Parameter("durations", "numbers", unit="s"),
                    Parameter("start", "number", unit="s"),
                ),
                keeps_frames=False,
            ),
            Operator("reverse", "reverse", "from the last pose to the first", keeps_frames=False),
            Operator(
                "trim",
                "trim:START,END | trim:frames=FIRST,STOP",
                "the poses between two times in seconds, or from one number up to another; negative counts from the "
                "end",
                (
                    Parameter("start", "number", unit="s", bare=True),
                    Parameter("end", "number", unit="s", bare=True),
                    Parameter("frames", "numbers"),
                ),
                keeps_frames=False,
            ),
            Operator(
                "resample",
                "resample:FRAMES[,cubic] | resample:fps=F | resample:stride=N | resample:MODEL",
                "evenly spaced poses: a number, a rate, every N-th, or what a film model wants; cubic has no corners",
                (
                    Parameter("frames", "count", bare=True),
                    Parameter("fps", "number"),
                    Parameter("stride", "count"),
                    _CURVE,
                    Parameter("model", "word", bare=True),
                ),
                keeps_frames=False,
            ),
            Operator(
                "smooth",
                "smooth:TOLERANCE[,DEGREES][,ends=free]",
                "the least jerk with no pose moved further than TOLERANCE (in the path's unit) and turned further "
                "than DEGREES (1)",
                (
                    Parameter("tolerance", "number", bare=True, required=True),
                    Parameter("degrees", "number", unit="deg", bare=True),
                    Parameter("ends", "choice", choices=("kept", "free")),
                ),
            ),
            Operator(
                "handheld",
                "handheld[:AMPLITUDE][,seed=N]",
                "the shake of a held camera; 1 is calm, 2 shaky; both ends stay",
                (Parameter("amplitude", "number", bare=True), Parameter("seed", "whole")),
            ),
            Operator(
                "stitch",
                "stitch:FILE[,blend=S][,match=position] | stitch:FILE,bridge=S",
                "another path after this one with continuous pose and velocities, moved to the seam, or reached by a "
                "bridge",
                (
                    Parameter("file", "word", bare=True, required=True),
                    Parameter("match", "choice", choices=("pose", "position")),
                    Parameter("blend", "number", unit="s"),
                    Parameter("bridge", "number", unit="s"),
                ),
                keeps_frames=False,
            ),
            Operator("mirror", "mirror", "left and right exchanged, as seen from the first camera"),
            Operator(
                "scale",
                "scale:FACTOR[,unit=m][,about=world]",
                "translations multiplied about the first camera; unit=m says that the new numbers are metres",
                (
                    Parameter("factor", "number", bare=True, required=True),
                    Parameter("unit", "choice", choices=("m", "arbitrary")),
                    Parameter("about", "choice", choices=("first", "world")),
                ),
            ),
            Operator(
                "anchor",
                "anchor | anchor:FILE | anchor:z-up[,height=H] | anchor:at=X,Y,Z[,yaw=D][,pitch=D][,roll=D]",
                "the first pose moved to the identity, another file's first pose, a z-up world, or a given pose",
                (
                    Parameter("to", "choice", choices=("identity", "z-up")),
                    Parameter("file", "word", bare=True),
                    Parameter("height", "number"),
                    Parameter("at", "numbers"),
                    *(Parameter(angle, "number", unit="deg") for angle in ("yaw", "pitch", "roll")),
                ),
            ),
            Operator(
                "look-at",
                "look-at:X,Y,Z[,keep-roll][,up=X,Y,Z] | look-at:ACTOR",
                "positions stay, every camera turns to a point or an actor of the shot, horizon level",
                (_SUBJECT, Parameter("keep-roll", "flag"), Parameter("up", "numbers")),
            ),
            Operator(
                "dolly-zoom",
                "dolly-zoom:X,Y,Z | dolly-zoom:ACTOR | dolly-zoom:DISTANCE",
                "the lens follows the distance, so that a point, an actor, or what is DISTANCE ahead keeps its size",
                (_SUBJECT,),
            ),
            Operator(
                "zoom",
                "zoom:FACTOR | zoom:FROM,TO | zoom:fov=DEGREES | zoom:fov=FROM,TO",
                "a longer or wider lens, by a factor or to a horizontal field of view, still or in motion",
                (Parameter("factor", "numbers", bare=True), Parameter("fov", "numbers", unit="deg")),
            ),
            Operator(
                "fit",
                "fit:WIDTHxHEIGHT",
                "another image size: scaled, and cropped at both sides where the shape differs",
                (Parameter("size", "size", bare=True, required=True),),
            ),
            Operator(
                "background",
                "background:TEXT | background:PICTURE[,turn=DEGREES]",
                "another place, in words or as a picture all around; actors, camera and motion stay as they are",
                (Parameter("turn", "number", unit="deg"),),
                told="a place",
            ),
            Operator(
                "camera",
                "camera:TEXT | camera:FILE",
                "another camera: moves in words that go on from where the first one stands, or the path of a file, "
                "as long as the film",
                told="camera moves or a file",
            ),
            Operator(
                "motion",
                "motion:[NAME=]TEXT | motion:[NAME=]FILE[#CLIP][,turn=DEGREES]",
                "what an actor does, from where it stands: in words, by the name of a motion, or recorded (BVH, glTF)",
                (Parameter("turn", "number", unit="deg"),),
                told="what an actor does",
                of_actor=True,
            ),
            Operator(
                "actor",
                "actor:[NAME=]TEXT",
                "another body, or other clothes, for an actor that stays where it is and goes its way",
                told="who is seen instead",
                of_actor=True,
            ),
            Operator("add-actor", "add-actor:TEXT", "one more actor, in view and free of the others", told="an actor"),
        )
    }
)
"""Name -> operator."""


def parse_edit(text: str) -> Operation:
    """The operation that a word such as "smooth:0.02" asks for; "=" may stand for its colon.

    Raises:
        InputError: there is no such edit, or an argument of it is wrong; the message names the nearest that is right.

    Example:
        >>> parse_edit("retime:at=1,3,durations=2,1,2s").given
        {'at': (1.0, 3.0), 'durations': (2.0, 1.0, 2.0)}
        >>> parse_edit("motion=red robot=walks in a circle").given
        {'actor': 'red robot', 'words': 'walks in a circle'}
    """
    name, _, arguments = re.sub(r"^\s*([a-z-]+)\s*=", r"\1:", text, flags=re.IGNORECASE).strip().partition(":")
    operator = OPERATORS.get(name.strip().lower())
    if operator is None:
        hint = nearest(name.strip().lower(), OPERATORS) or f"; edits: {', '.join(OPERATORS)}"
        raise InputError(f"there is no edit {name.strip()!r}{hint}")
    return parse_arguments(operator, text.strip(), arguments)


def operator_help() -> str:
    """Every operator with its forms, for `--help`."""
    lines = []
    for operator in OPERATORS.values():
        forms = operator.form.split(" | ")
        lines += [f"  {form}" for form in forms] + [f"      {operator.summary}"]
    return "\n".join(lines)
