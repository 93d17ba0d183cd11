"""Motion templates for three actors. Their order is their number, which names films: add new ones at the end."""

from __future__ import annotations

from kinoeye.shot.templates.path import Path
from kinoeye.shot.templates.pieces import (
    BACK,
    EIGHT,
    FULL,
    HALF,
    LEFTWARD,
    QUARTER,
    RIGHTWARD,
    Go,
    Hop,
    Turn,
    Wait,
    trace,
)
from kinoeye.shot.templates.relations import around, behind, beside, still, watching
from kinoeye.shot.templates.template import Template, numbered

THIRD = FULL / 3
CAMERAWARD = -QUARTER
"""Heading of an actor that faces the nominal camera."""

Triple = tuple[Path, Path, Path]


def _file(leader: Path, gap: float = 1.3) -> Triple:
    return leader, behind(leader, gap), behind(leader, 2 * gap)


def _abreast(middle: Path, apart: float = 1.2) -> Triple:
    return beside(middle, apart), middle, beside(middle, -apart)


def _ring(path: Path) -> Triple:
    """The same thing done by three about the origin, a third of a turn apart."""
    return path, path.placed(0, 0, THIRD), path.placed(0, 0, 2 * THIRD)


def _lap(radius: float, turn: float, *, start: float = 0.0, x: float = 0.0) -> Path:
    return around(still(x, 0, seconds=radius * abs(turn)), radius, turn, start=start)


def _watched_by_two(walker: Path, y: float) -> Triple:
    left, right = (watching(still(x, y, seconds=walker.seconds), walker) for x in (-0.8, 0.8))
    return walker, left, right


THREE_ACTORS = numbered(
    [
        # Together.
        Template(
            name="three abreast",
            phrase="{0}, {1} and {2} {move} straight ahead side by side",
            build=lambda apart: _abreast(trace(Go(length=4.0)), apart),
            ranges={"apart": (1.1, 1.4)},
        ),
        Template(
            name="in single file",
            phrase="{0}, {1} and {2} {move} straight ahead one behind the other",
            build=lambda gap: _file(trace(Go(length=2.6)), gap),
            ranges={"gap": (1.2, 1.4)},
        ),
        Template(
            name="in file to the left",
            phrase="{0}, {1} and {2} {move} one behind the other along a bend to the left",
            build=lambda turn: _file(trace(Go(length=4.0, turn=turn))),
            ranges={"turn": (2.2, 2.6)},
        ),
        Template(
            name="in file to the right",
            phrase="{0}, {1} and {2} {move} one behind the other along a bend to the right",
            build=lambda turn: _file(trace(Go(length=4.0, turn=-turn))),
            ranges={"turn": (2.2, 2.6)},
        ),
        Template(
            name="in file through a U-turn",
            phrase="{0}, {1} and {2} {move} one behind the other ahead, through a U-turn to the left and back",
            build=lambda: _file(trace(Go(length=1.6), Go(length=2.2, turn=HALF), Go(length=2.4))),
        ),
        Template(
            name="in file through a slalom",
            phrase="{0}, {1} and {2} {move} one behind the other through a slalom",
            build=lambda sway: _file(trace(Go(length=4.8, sway=sway, swings=1.5)), 1.2),
            ranges={"sway": (0.95, 1.05)},
        ),
        Template(
            name="in file through a figure eight",
            phrase="{0}, {1} and {2} {move} one behind the other in a figure eight",
            build=lambda: _file(trace(Go(length=9.4, sway=EIGHT), Go(length=0.1)), 1.4),
        ),
        Template(
            name="wedge",
            phrase="{0} leads, and {1} and {2} follow to its left and right, straight ahead",
            build=lambda: (
                trace(Go(length=3.6)),
                beside(trace(Go(length=3.6)), 0.9, -1.2),
                beside(trace(Go(length=3.6)), -0.9, -1.2),
            ),
        ),
        Template(
            name="abreast around a bend",
            phrase="{0}, {1} and {2} {move} side by side along a bend to the left, {0} on the inside",
            build=lambda turn: _abreast(trace(Go(length=4.2, turn=turn)), 1.1),
            ranges={"turn": (1.8, 2.2)},
        ),
        Template(
            name="stop and go abreast",
            phrase="{0}, {1} and {2} {move} side by side, stop for a while and go on together",
            build=lambda: _abreast(trace(Go(length=1.8), Wait(2.5), Go(length=1.8))),
        ),
        Template(
            name="set off one after another",
            phrase="{0}, {1} and {2} stand side by side and set off straight ahead one after another",
            build=lambda: (
                trace(Wait(0.3), Go(length=4.2), at=(0, 1.2)),
                trace(Wait(1.6), Go(length=2.9)),
                trace(Wait(2.9), Go(length=1.6), at=(0, -1.2)),
            ),
        ),
        Template(
            name="stop one after another",
            phrase="{0}, {1} and {2} {move} side by side and stop one after another, {2} first",
            build=lambda: (
                trace(Go(length=4.2), Wait(0.3), at=(0, 1.2)),
                trace(Go(length=2.9), Wait(1.6)),
                trace(Go(length=1.6), Wait(2.9), at=(0, -1.2)),
            ),
        ),
        Template(
            name="fan out",
            phrase="{0}, {1} and {2} {move} side by side and fan out: left, straight on and right",
            build=lambda: (
                trace(Go(length=1.6), Go(length=2.4, turn=1.3), at=(0, 1.2)),
                trace(Go(length=4.0)),
                trace(Go(length=1.6), Go(length=2.4, turn=-1.3), at=(0, -1.2)),
            ),
        ),
        Template(
            name="close ranks",
            phrase="{0} and {2} come in from the left and the right of {1}; all three go on side by side",
            build=lambda: (
                trace(Go(length=2.4, turn=1.3), Go(length=1.6), at=(0, 2.7), heading=-1.3),
                trace(Go(length=4.0), at=(-0.55, 0)),
                trace(Go(length=2.4, turn=-1.3), Go(length=1.6), at=(0, -2.7), heading=1.3),
            ),
        ),
        Template(
            name="one breaks away",
            phrase="{0}, {1} and {2} {move} one behind the other; {2} turns off to the right",
            build=lambda: (
                trace(Go(length=3.8), at=(2.6, 0)),
                trace(Go(length=3.8), at=(1.3, 0)),
                trace(Go(length=1.2), Go(length=1.4, turn=-QUARTER), Go(length=1.2)),
            ),
        ),
        Template(
            name="overtakes two",
            phrase="{2} comes from behind and overtakes {0} and {1}, who {move} side by side",
            build=lambda: (
                trace(Go(length=2.2), at=(0, 1.2)),
                trace(Go(length=2.2)),
                trace(Go(length=5.4), at=(-1.7, -1.2)),
            ),
        ),
        Template(
            name="two chase one",
            phrase="{0} is chased by {1} and {2}, who close in side by side",
            build=lambda: (
                trace(Go(length=2.4)),
                beside(trace(Go(length=2.4)), 0.6, (-2.8, -1.3)),
                beside(trace(Go(length=2.4)), -0.6, (-2.8, -1.3)),
            ),
            pace="run",
        ),
        Template(
            name="dodges two who chase",
            phrase="{0} flees swerving from side to side, and {1} and {2} chase straight after",
            build=lambda: (
                trace(Go(length=5.2, sway=1.1, swings=2.0), at=(1.3, -0.3)),
                trace(Go(length=3.6), at=(0, 0.6)),
                trace(Go(length=3.6), at=(0, -0.6)),
            ),
            pace="run",
        ),
        # Past each other.
        Template(
            name="crosses in front of two",
            phrase="{0} {moves} across in front of {1} and {2}, who face the camera, and hides one after the other",
            build=lambda near: (
                trace(Go(length=5.0), at=(-2.5, -near)),
                still(-0.65, 0, CAMERAWARD),
                still(0.65, 0, CAMERAWARD),
            ),
            ranges={"near": (1.1, 1.3)},
            seen_from=True,
        ),
        Template(
            name="crosses behind two",
            phrase="{0} {moves} across behind {1} and {2}, who face the camera, and is hidden by one after the other",
            build=lambda far: (
                trace(Go(length=5.0), at=(-2.5, far)),
                still(-0.65, 0, CAMERAWARD),
                still(0.65, 0, CAMERAWARD),
            ),
            ranges={"far": (1.1, 1.3)},
            seen_from=True,
        ),
        Template(
            name="cross around one who stands",
            phrase="{0} and {1} cross in opposite directions, {0} before and {1} behind {2}, who faces the camera",
            build=lambda: (
                trace(Go(length=4.6), at=(-2.3, -1.1)),
                trace(Go(length=4.6), at=(2.3, 1.1), heading=HALF),
                still(0, 0, CAMERAWARD),
            ),
            seen_from=True,
        ),
        Template(
            name="cross in three depths",
            phrase="{0} crosses to the right, nearest to the camera; {1} and {2} cross to the left behind",
            build=lambda: (
                trace(Go(length=4.4), at=(-2.2, -1.15)),
                trace(Go(length=4.4), at=(2.2, 0), heading=HALF),
                trace(Go(length=4.4), at=(2.2, 1.15), heading=HALF),
            ),
            seen_from=True,
        ),
        Template(
            name="passes between two",
            phrase="{0} {moves} through between {1} and {2}, who stand facing each other",
            build=lambda: (
                trace(Go(length=4.4), at=(-2.2, 0)),
                still(0, 1.15, -QUARTER),
                still(0, -1.15, QUARTER),
            ),
        ),
        Template(
            name="meets two and passes between",
            phrase="{1} and {2} {move} side by side towards {0}, who passes through between them",
            build=lambda: (
                trace(Go(length=4.4), at=(-2.2, 0)),
                trace(Go(length=4.4), at=(2.2, 1.15), heading=HALF),
                trace(Go(length=4.4), at=(2.2, -1.15), heading=HALF),
            ),
        ),
        Template(
            name="two let one through",
            phrase="{1} and {2} stand in the way of {0}, step aside to both sides and let {0} through",
            build=lambda: (
                trace(Go(length=5.0), at=(-3.4, 0)),
                trace(Wait(0.6), Go(length=0.8, direction=RIGHTWARD), Wait(2.6), at=(0, 0.55), heading=HALF),
                trace(Wait(0.6), Go(length=0.8, direction=LEFTWARD), Wait(2.6), at=(0, -0.55), heading=HALF),
            ),
            heading=("along", "free", "free"),
        ),
        Template(
            name="two watch one pass",
            phrase="{0} {moves} past {1} and {2}, who stand and keep facing {0}",
            build=lambda: _watched_by_two(trace(Go(length=5.0), at=(-2.5, 0)), 1.15),
            heading=("along", "free", "free"),
        ),
        Template(
            name="crossroads",
            phrase="{0} {moves} straight on; {1} crosses from the left before {0}, and {2} from the right behind {0}",
            build=lambda: (
                trace(Go(length=4.4), at=(-2.2, 0)),
                trace(Go(length=4.4), at=(1.0, 1.6), heading=-QUARTER),
                trace(Go(length=4.4), at=(-0.4, -3.4), heading=QUARTER),
            ),
        ),
        # Towards and away from one another.
        Template(
            name="gather",
            phrase="{0}, {1} and {2} come from three sides and stop facing one another",
            build=lambda: _ring(trace(Go(length=1.8), Wait(0.9), at=(-2.6, 0))),
        ),
        Template(
            name="scatter",
            phrase="{0}, {1} and {2} stand back to back, then {move} away to three sides",
            build=lambda: _ring(trace(Wait(0.8), Go(length=1.9), at=(0.7, 0))),
        ),
        Template(
            name="gather and part",
            phrase="{0}, {1} and {2} meet from three sides, turn around and go back",
            build=lambda: _ring(trace(Go(length=1.8), Wait(0.4), Turn(HALF), Go(length=1.8), at=(-2.6, 0))),
        ),
        Template(
            name="gather and back off",
            phrase="{0}, {1} and {2} come together from three sides and back off facing one another",
            build=lambda: _ring(trace(Go(length=1.7), Go(length=1.7, direction=BACK), at=(-2.5, 0))),
            heading="free",
        ),
        Template(
            name="two join one",
            phrase="{0} and {1} {move} up to {2} from the left and the right and stop",
            build=lambda: (
                trace(Go(length=1.9), Wait(0.8), at=(0, 3.0), heading=-QUARTER),
                trace(Go(length=1.9), Wait(0.8), at=(0, -3.0), heading=QUARTER),
                still(0, 0),
            ),
        ),
        Template(
            name="two leave one",
            phrase="{0} and {1} stand beside {2}, then {move} away to the left and the right",
            build=lambda: (
                trace(Wait(0.8), Go(length=1.9), at=(0, 1.1), heading=QUARTER),
                trace(Wait(0.8), Go(length=1.9), at=(0, -1.1), heading=-QUARTER),
                still(0, 0),
            ),
        ),
        Template(
            name="goes from one to the other",
            phrase="{0} stands by {1}, turns around, {moves} over to {2} and stops there",
            build=lambda: (
                trace(Wait(0.6), Turn(HALF), Go(length=2.4), Wait(0.8), at=(-1.2, 0), heading=HALF),
                still(-2.3, 0),
                still(2.3, 0, HALF),
            ),
        ),
        Template(
            name="relay",
            phrase="{0} {moves} up to {1} and stops; then {1} {moves} up to {2}",
            build=lambda: (
                trace(Go(length=1.9), Wait(2.6), at=(-3.0, 0)),
                trace(Wait(2.4), Go(length=1.9), Wait(0.2)),
                still(3.0, 0, HALF),
            ),
        ),
        Template(
            name="two meet, one leaves",
            phrase="{0} and {1} {move} towards each other and stop, while {2} {moves} away from between them",
            build=lambda: (
                trace(Go(length=1.9), Wait(1.2), at=(-2.5, 0)),
                trace(Go(length=1.9), Wait(1.2), at=(2.5, 0), heading=HALF),
                trace(Go(length=3.2), heading=QUARTER),
            ),
        ),
        Template(
            name="leads two away",
            phrase="{0} {moves} up to {1} and {2}, turns around and leads them away",
            build=lambda: (
                trace(Go(length=2.0), Turn(HALF), Go(length=2.6), at=(-3.2, 0)),
                trace(Wait(4.0), Go(length=2.2), at=(0, 0.65), heading=HALF),
                trace(Wait(4.0), Go(length=2.2), at=(0, -0.65), heading=HALF),
            ),
        ),
        Template(
            name="drives two back",
            phrase="{0} {moves} at {1} and {2}, who back off side by side",
            build=lambda: (
                trace(Go(length=3.0)),
                trace(Go(length=3.0, direction=BACK), at=(1.3, 0.65), heading=HALF),
                trace(Go(length=3.0, direction=BACK), at=(1.3, -0.65), heading=HALF),
            ),
            heading=("along", "free", "free"),
        ),
        # Around one another.
        Template(
            name="ring to the left",
            phrase="{0}, {1} and {2} {move} in a circle one behind the other, to the left",
            build=lambda: _ring(_lap(1.1, FULL)),
        ),
        Template(
            name="ring to the right",
            phrase="{0}, {1} and {2} {move} in a circle one behind the other, to the right",
            build=lambda: _ring(_lap(1.1, -FULL)),
        ),
        Template(
            name="ring facing inwards",
            phrase="{0}, {1} and {2} circle sideways around their middle and face it",
            build=lambda: _ring(watching(_lap(1.0, FULL), still(0, 0))),
            heading="free",
        ),
        Template(
            name="ring that grows",
            phrase="{0}, {1} and {2} circle around their middle in spirals that grow wider",
            build=lambda: _ring(around(still(0, 0, seconds=9.0), (0.8, 2.2), FULL)),
        ),
        Template(
            name="ring that closes in",
            phrase="{0}, {1} and {2} circle around their middle in spirals that grow tighter",
            build=lambda: _ring(around(still(0, 0, seconds=9.0), (2.2, 0.8), FULL)),
        ),
        Template(
            name="turning line",
            phrase="{0} turns on the spot while {1} and {2} circle around it on either side",
            build=lambda: (
                trace(Turn(FULL, rate=0.9)),
                _lap(1.2, FULL, start=-QUARTER),
                _lap(1.2, FULL, start=QUARTER),
            ),
            heading=("free", "along", "along"),
        ),
        Template(
            name="circle one in opposite turns",
            phrase="{1} {moves} around {0}, who stands, to the left, and {2} around both, to the right",
            build=lambda: (still(0, 0), _lap(1.1, FULL), _lap(2.2, -FULL, start=HALF)),
        ),
        Template(
            name="circles two",
            phrase="{0} {moves} in a circle around {1} and {2}, who stand face to face",
            build=lambda: (_lap(1.8, FULL, start=-QUARTER), still(-0.6, 0), still(0.6, 0, HALF)),
        ),
        Template(
            name="figure eight around two",
            phrase="{0} {moves} in a figure eight around {1} and {2}, who stand",
            build=lambda: (
                trace(Go(length=1.15 * FULL, turn=FULL), Go(length=1.15 * FULL, turn=-FULL)),
                still(0, 1.15),
                still(0, -1.15),
            ),
        ),
        Template(
            name="weaves past two",
            phrase="{0} {moves} in a slalom past {1} on one side and {2} on the other, who stand",
            build=lambda: (
                trace(Go(length=4.0, turn=-2.8), Go(length=4.0, turn=2.8), at=(-2.82, 0), heading=1.4),
                still(-1.41, 0.0, HALF),
                still(1.41, 0.0, HALF),
            ),
        ),
        Template(
            name="two swap around one",
            phrase="{0} and {1} swap places along half circles around {2}, who stands",
            build=lambda: (
                trace(Wait(0.5), Go(length=1.3 * HALF, turn=HALF), Wait(0.5), at=(1.3, 0), heading=QUARTER),
                trace(Wait(0.5), Go(length=1.3 * HALF, turn=HALF), Wait(0.5), at=(-1.3, 0), heading=-QUARTER),
                still(0, 0, CAMERAWARD),
            ),
        ),
        Template(
            name="change corners",
            phrase="{0}, {1} and {2} stand in a triangle, and each {moves} straight to the place of the next",
            build=lambda: _ring(trace(Wait(0.5), Go(length=2.77), Wait(0.5), at=(1.6, 0), heading=HALF - FULL / 12)),
        ),
        Template(
            name="one orbits two on the move",
            phrase="{0} {moves} around {1} and {2}, who {move} on slowly side by side",
            build=lambda: (
                around(trace(Go(length=2.2, pace=0.2)), 1.8, FULL, start=-QUARTER),
                *(trace(Go(length=2.2, pace=0.2), at=(0, side)) for side in (0.6, -0.6)),
            ),
        ),
        Template(
            name="three circles",
            phrase="{0}, {1} and {2} {move} in three small circles side by side, all to the left",
            build=lambda: tuple(_lap(0.6, FULL, start=-QUARTER, x=x) for x in (-1.9, 0.0, 1.9)),
        ),
        # On the spot, or nearly so.
        Template(
            name="turn one after another",
            phrase="{0}, {1} and {2} stand side by side and turn around on the spot one after another",
            build=lambda: (
                trace(Turn(FULL), Wait(4.0), at=(0, 1.3)),
                trace(Wait(2.0), Turn(FULL), Wait(2.0)),
                trace(Wait(4.0), Turn(FULL), at=(0, -1.3)),
            ),
            heading="free",
        ),
        Template(
            name="hop one after another",
            phrase="{0}, {1} and {2} stand side by side and hop one after another",
            build=lambda: (
                trace(Wait(0.2), Hop(height=0.4), Wait(1.8), at=(0, 1.2)),
                trace(Wait(1.0), Hop(height=0.4), Wait(1.0)),
                trace(Wait(1.8), Hop(height=0.4), Wait(0.2), at=(0, -1.2)),
            ),
        ),
        Template(
            name="sidestep in line",
            phrase="{0}, {1} and {2} stand side by side and step sideways to the left together and back",
            build=lambda: tuple(
                trace(Go(length=1.8, direction=LEFTWARD), Go(length=1.8, direction=RIGHTWARD), at=(0, y))
                for y in (1.2, 0.0, -1.2)
            ),
            heading="free",
        ),
        Template(
            name="advance by turns",
            phrase="{0}, {1} and {2} {move} ahead side by side, the middle one only while the others stand",
            build=lambda: (
                trace(Go(length=1.8), Wait(1.8), Go(length=1.8), at=(0, 1.2)),
                trace(Wait(2.1), Go(length=1.8), Wait(2.1)),
                trace(Go(length=1.8), Wait(1.8), Go(length=1.8), at=(0, -1.2)),
            ),
        ),
        # In the air.
        Template(
            name="flies over two who meet",
            phrase="{0} flies over {1} and {2}, who {move} towards each other and stop",
            build=lambda: (
                trace(Go(length=4.6), at=(0, -2.3), heading=QUARTER, z=2.3),
                trace(Go(length=1.8), Wait(1.6), at=(-2.4, 0)),
                trace(Go(length=1.8), Wait(1.6), at=(2.4, 0), heading=HALF),
            ),
            flyers=(0,),
        ),
        Template(
            name="circles above two",
            phrase="{0} flies in a circle above {1} and {2}, who {move} the other way around one another",
            build=lambda: (
                _lap(1.3, FULL).placed(0, 0, z=2.2),
                _lap(0.75, -FULL),
                _lap(0.75, -FULL, start=HALF),
            ),
            flyers=(0,),
        ),
        Template(
            name="triple helix",
            phrase="{0}, {1} and {2} fly upwards around one another",
            build=lambda: _ring(around(still(0, 0, z=0.4, seconds=8.0), 0.9, FULL, climb=2.6)),
            pace="fly",
            flyers=(0, 1, 2),
        ),
        Template(
            name="take off in formation",
            phrase="{0}, {1} and {2} {move} off from the ground in a wedge and climb",
            build=lambda: tuple(
                trace(Go(length=1.2), Go(length=3.0, climb=1.8), at=place)
                for place in ((0, 0), (-1.2, 0.9), (-1.2, -0.9))
            ),
            pace="fly",
            flyers=(0, 1, 2),
        ),
    ],
    actors=3,
)
