"""Motion templates for two actors. Their order is their number, which names films: add new ones at the end."""

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
from kinoeye.shot.templates.relations import along_course, around, behind, beside, opposite, still, watching
from kinoeye.shot.templates.template import Template, numbered

CAMERAWARD = -QUARTER
"""Heading of an actor that faces the nominal camera."""

Pair = tuple[Path, Path]


def _file(leader: Path, gap: float = 1.3) -> Pair:
    return leader, behind(leader, gap)


def _abreast(middle: Path, apart: float = 1.2) -> Pair:
    return beside(middle, apart / 2), beside(middle, -apart / 2)


def _both(path: Path) -> Pair:
    """The same thing done by two who stand opposite each other about the origin."""
    return path, opposite(path)


def _corners_of_a_square(side: float) -> Path:
    corner = 0.5
    legs = [Go(length=side - 2 * corner), Go(length=corner * QUARTER, turn=QUARTER)] * 4
    return trace(*legs, at=(corner - side / 2, -side / 2))


def _one_lap(radius: float, turn: float, start: float) -> Path:
    return around(still(0, 0, seconds=radius * abs(turn)), radius, turn, start=start)


def _watched(walker: Path) -> Pair:
    return walker, watching(still(0, 0, seconds=walker.seconds), walker)


def _crossing(side: float) -> Pair:
    """One goes along x; one cuts across ahead of it, towards the left where side is 1 and the right where it is -1."""
    return trace(Go(length=4.0), at=(0.0, -1.25 * side), heading=side * QUARTER), trace(Go(length=4.0), at=(-2.75, 0))


TWO_ACTORS = numbered(
    [
        # Seen from the camera's side.
        Template(
            name="crosses in front",
            phrase="{0} {moves} across in front of {1}, who faces the camera, and hides {1} for a moment",
            build=lambda near: (trace(Go(length=4.6), at=(-2.3, -near)), still(0, 0, CAMERAWARD)),
            ranges={"near": (1.1, 1.3)},
            seen_from=True,
        ),
        Template(
            name="crosses behind",
            phrase="{0} {moves} across behind {1}, who faces the camera, and is hidden for a moment",
            build=lambda far: (trace(Go(length=4.6), at=(-2.3, far)), still(0, 0, CAMERAWARD)),
            ranges={"far": (1.1, 1.3)},
            seen_from=True,
        ),
        Template(
            name="cross, the right-going one nearer",
            phrase="{0} and {1} cross in opposite directions; {0}, going to the right, passes nearer to the camera",
            build=lambda: _both(trace(Go(length=4.4), at=(-2.2, -0.6))),
            seen_from=True,
        ),
        Template(
            name="cross, the left-going one nearer",
            phrase="{0} and {1} cross in opposite directions; {0}, going to the left, passes nearer to the camera",
            build=lambda: _both(trace(Go(length=4.4), at=(2.2, -0.6), heading=HALF)),
            seen_from=True,
        ),
        Template(
            name="steps out from behind",
            phrase="{0} is hidden behind {1}, then steps out sideways into view; both face the camera",
            build=lambda: (
                trace(Wait(1.2), Go(length=1.8, direction=LEFTWARD), Wait(0.8), at=(0, 1.2), heading=CAMERAWARD),
                still(0, 0, CAMERAWARD),
            ),
            heading="free",
            seen_from=True,
        ),
        Template(
            name="goes into hiding",
            phrase="{0} {moves} in from the side and stops behind {1}, out of the camera's sight",
            build=lambda: (trace(Go(length=2.8), Wait(1.6), at=(-2.8, 1.2)), still(0, 0, CAMERAWARD)),
            seen_from=True,
        ),
        Template(
            name="comes forward past",
            phrase="{0} comes from behind {1} towards the camera and passes by on one side; {1} faces the camera",
            build=lambda: (trace(Go(length=4.0), at=(1.1, 2.0), heading=CAMERAWARD), still(0, 0, CAMERAWARD)),
            seen_from=True,
        ),
        # Together.
        Template(
            name="side by side",
            phrase="{0} and {1} {move} straight ahead side by side",
            build=lambda apart: _abreast(trace(Go(length=4.0)), apart),
            ranges={"apart": (1.1, 1.4)},
        ),
        Template(
            name="follows",
            phrase="{1} follows {0} straight ahead",
            build=lambda gap: _file(trace(Go(length=3.4)), gap),
            ranges={"gap": (1.2, 1.5)},
        ),
        Template(
            name="follows to the left",
            phrase="{1} follows {0} along a bend to the left",
            build=lambda turn: _file(trace(Go(length=4.2, turn=turn))),
            ranges={"turn": (1.8, 2.2)},
        ),
        Template(
            name="follows to the right",
            phrase="{1} follows {0} along a bend to the right",
            build=lambda turn: _file(trace(Go(length=4.2, turn=-turn))),
            ranges={"turn": (1.8, 2.2)},
        ),
        Template(
            name="follows around a corner",
            phrase="{1} follows {0} ahead and around a corner to the left",
            build=lambda: _file(trace(Go(length=1.6), Go(length=0.8, turn=QUARTER), Go(length=2.2))),
        ),
        Template(
            name="follows through a slalom",
            phrase="{1} follows {0} through a slalom",
            build=lambda sway: _file(trace(Go(length=6.6, sway=sway, swings=2.0)), 1.35),
            ranges={"sway": (1.05, 1.2)},
        ),
        Template(
            name="follows in a circle",
            phrase="{1} follows {0} in a circle to the left",
            build=lambda: (_one_lap(1.1, FULL, 0.0), _one_lap(1.1, FULL, -QUARTER)),
        ),
        Template(
            name="follows in a figure eight",
            phrase="{1} follows {0} in a figure eight",
            build=lambda: _file(trace(Go(length=8.5, sway=EIGHT)), 1.5),
        ),
        Template(
            name="catches up",
            phrase="{1} chases {0} straight ahead and nearly catches up",
            build=lambda: (trace(Go(length=2.6)), behind(trace(Go(length=2.6)), (3.0, 1.15))),
            pace="run",
        ),
        Template(
            name="falls behind",
            phrase="{1} follows {0} straight ahead and falls farther and farther behind",
            build=lambda: (trace(Go(length=4.0)), behind(trace(Go(length=4.0)), (1.15, 3.2))),
        ),
        Template(
            name="overtakes",
            phrase="{1} comes from behind, overtakes {0} on the left and draws ahead",
            build=lambda: (trace(Go(length=2.4)), beside(trace(Go(length=2.4)), 1.1, (-1.7, 1.7))),
        ),
        Template(
            name="falls in behind",
            phrase="{0} and {1} {move} side by side, then {1} falls in behind {0}",
            build=lambda: (
                trace(Go(length=4.2)),
                along_course(beside(trace(Go(length=4.2)), (1.3, 0.0), (0.0, -1.6))),
            ),
        ),
        Template(
            name="comes up beside",
            phrase="{1} follows {0}, then comes up and goes on beside {0}",
            build=lambda: (
                trace(Go(length=3.2)),
                along_course(beside(trace(Go(length=3.2)), (0.0, 1.3), (-1.6, 0.0))),
            ),
        ),
        Template(
            name="bend side by side",
            phrase="{0} and {1} {move} side by side along a bend to the left",
            build=lambda turn: _abreast(trace(Go(length=4.0, turn=turn))),
            ranges={"turn": (1.8, 2.2)},
        ),
        Template(
            name="U-turn side by side",
            phrase="{0} and {1} {move} ahead side by side, make a U-turn to the left together and come back",
            build=lambda: _abreast(trace(Go(length=2.2), Go(length=3.2, turn=HALF, gradual=True), Go(length=2.2)), 1.1),
        ),
        Template(
            name="slalom in step",
            phrase="{0} and {1} {move} in the same slalom beside each other, in step",
            build=lambda sway: tuple(
                trace(Go(length=5.5, sway=sway, swings=2.0), at=(0, side)) for side in (0.9, -0.9)
            ),
            ranges={"sway": (0.85, 0.95)},
        ),
        Template(
            name="stop and go together",
            phrase="{0} and {1} {move} side by side, stop for a while and go on together",
            build=lambda: _abreast(trace(Go(length=1.8), Wait(2.5), Go(length=1.8))),
        ),
        Template(
            name="one stays behind",
            phrase="{0} and {1} {move} side by side; {1} stops and {0} goes on alone",
            build=lambda: (
                trace(Go(length=5.0), at=(0, 0.6)),
                trace(Go(length=1.6), Wait(3.2), at=(0, -0.6)),
            ),
        ),
        Template(
            name="sets off later",
            phrase="{0} and {1} stand side by side; {0} sets off first and {1} later",
            build=lambda: (
                trace(Wait(0.5), Go(length=4.0), at=(0, 0.6)),
                trace(Wait(3.0), Go(length=1.6), at=(0, -0.6)),
            ),
        ),
        Template(
            name="part ways",
            phrase="{0} and {1} {move} side by side, then part: {0} to the left, {1} to the right",
            build=lambda: (
                trace(Go(length=2.0), Go(length=2.4, turn=1.3), at=(0, 0.6)),
                trace(Go(length=2.0), Go(length=2.4, turn=-1.3), at=(0, -0.6)),
            ),
        ),
        Template(
            name="come together",
            phrase="{0} and {1} come from two sides, join and {move} on side by side",
            build=lambda: (
                trace(Go(length=2.4, turn=1.3), Go(length=2.0), at=(0, 2.0), heading=-1.3),
                trace(Go(length=2.4, turn=-1.3), Go(length=2.0), at=(0, -2.0), heading=1.3),
            ),
        ),
        Template(
            name="swing apart and together",
            phrase="{0} and {1} {move} the same way, swing apart, come together and swing apart again",
            build=lambda: (
                trace(Go(length=3.0, sway=1.0), Go(length=3.0, sway=1.0), at=(0, 0.6)),
                trace(Go(length=3.0, sway=-1.0), Go(length=3.0, sway=-1.0), at=(0, -0.6)),
            ),
        ),
        Template(
            name="swerves from side to side behind",
            phrase="{0} {moves} straight ahead and {1} follows, swerving from side to side",
            build=lambda: (
                trace(Go(length=4.2), at=(1.4, 0)),
                trace(Go(length=6.4, sway=1.15, swings=2.0), at=(-0.2, -0.6)),
            ),
        ),
        # Towards and away from each other.
        Template(
            name="meet face to face",
            phrase="{0} and {1} {move} towards each other and stop face to face",
            build=lambda: _both(trace(Go(length=2.0), Wait(1.0), at=(-2.6, 0))),
        ),
        Template(
            name="meet and part",
            phrase="{0} and {1} meet face to face, turn around and go back where they came from",
            build=lambda: _both(trace(Go(length=2.0), Wait(0.6), Turn(HALF), Go(length=2.0), at=(-2.6, 0))),
        ),
        Template(
            name="meet and back off",
            phrase="{0} and {1} {move} towards each other, then back off facing each other",
            build=lambda: _both(trace(Go(length=1.8), Go(length=1.8, direction=BACK), at=(-2.4, 0))),
            heading="free",
        ),
        Template(
            name="back away from each other",
            phrase="{0} and {1} face each other and back away from each other",
            build=lambda: _both(trace(Go(length=2.0, direction=BACK, pace=0.8), at=(-0.6, 0))),
            heading="free",
        ),
        Template(
            name="walk away from each other",
            phrase="{0} and {1} stand back to back and then {move} away from each other",
            build=lambda: _both(trace(Wait(0.6), Go(length=2.2), at=(0.6, 0))),
        ),
        Template(
            name="walk away and look back",
            phrase="{0} and {1} {move} away from each other, stop and turn around to face each other",
            build=lambda: _both(trace(Go(length=2.0), Turn(HALF), Wait(0.8), at=(0.6, 0))),
        ),
        Template(
            name="approaches",
            phrase="{0} {moves} up to {1}, who stands and waits",
            build=lambda: (trace(Go(length=3.0), Wait(0.8), at=(-4.1, 0)), still(0, 0, HALF)),
        ),
        Template(
            name="approaches from behind",
            phrase="{0} {moves} up to {1} from behind, and {1} turns around",
            build=lambda: (
                trace(Go(length=3.0), Wait(1.6), at=(-4.1, 0)),
                trace(Wait(2.8), Turn(HALF), Wait(0.2)),
            ),
        ),
        Template(
            name="leaves",
            phrase="{0} stands facing {1}, turns around and {moves} away; {1} stays",
            build=lambda: (trace(Wait(0.5), Turn(-HALF), Go(length=2.8), at=(-1.1, 0)), still(0, 0, HALF)),
        ),
        Template(
            name="approaches and backs away",
            phrase="{0} {moves} up to {1}, who stands, and backs away again",
            build=lambda: (
                trace(Go(length=2.4), Wait(0.5), Go(length=2.4, direction=BACK), at=(-3.5, 0)),
                still(0, 0, HALF),
            ),
            heading="free",
        ),
        Template(
            name="drives back",
            phrase="{0} {moves} at {1}, who retreats backwards, facing {0}",
            build=lambda: (
                trace(Go(length=3.0)),
                trace(Go(length=3.0, direction=BACK), at=(1.3, 0), heading=HALF),
            ),
            heading=("along", "free"),
        ),
        Template(
            name="drives back and is driven back",
            phrase="{0} drives {1} back, then retreats as {1} comes forward; they face each other all the time",
            build=lambda: (
                trace(Go(length=2.2), Go(length=2.2, direction=BACK)),
                trace(Go(length=2.2, direction=BACK), Go(length=2.2), at=(1.3, 0), heading=HALF),
            ),
            heading="free",
        ),
        Template(
            name="keeps away",
            phrase="{0} {moves} at {1}; {1} backs off and keeps the distance, then stands while {0} turns and leaves",
            build=lambda: (
                trace(Go(length=2.2), Turn(HALF), Go(length=2.2)),
                trace(Go(length=2.0, direction=BACK), Wait(4.0), at=(1.4, 0), heading=HALF),
            ),
            heading=("along", "free"),
        ),
        Template(
            name="picks up",
            phrase="{0} {moves} past {1}, who waits and then comes along beside {0}",
            build=lambda: (
                trace(Go(length=4.6), at=(-2.3, 0.6)),
                trace(Wait(2.3), Go(length=2.0), at=(0, -0.6)),
            ),
        ),
        Template(
            name="fetches",
            phrase="{0} {moves} up to {1}, turns around and leads {1} away",
            build=lambda: (
                trace(Go(length=2.4), Turn(HALF), Go(length=2.8), at=(-3.6, 0)),
                trace(Wait(4.3), Go(length=2.4), heading=HALF),
            ),
        ),
        # Past each other.
        Template(
            name="is watched passing by",
            phrase="{0} {moves} past {1}, who stands and keeps facing {0}",
            build=lambda: _watched(trace(Go(length=4.6), at=(-2.3, -1.1))),
            heading=("along", "free"),
        ),
        Template(
            name="cuts across from the left",
            phrase="{0} cuts across the way of {1} from left to right, close ahead of {1}",
            build=lambda: _crossing(-1.0),
        ),
        Template(
            name="cuts across from the right",
            phrase="{0} cuts across the way of {1} from right to left, close ahead of {1}",
            build=lambda: _crossing(1.0),
        ),
        Template(
            name="gives way",
            phrase="{1} stops to let {0} cross its way, then goes on",
            build=lambda: (
                trace(Go(length=4.4), at=(0.0, -2.2), heading=QUARTER),
                trace(Go(length=1.2), Wait(1.6), Go(length=1.9), at=(-2.4, 0)),
            ),
        ),
        Template(
            name="turns around after",
            phrase="{0} and {1} pass each other; {0} then turns around and follows {1}",
            build=lambda: (
                trace(Go(length=2.4), Go(length=1.6, turn=HALF), Go(length=2.2), at=(-2.0, -0.55)),
                trace(Go(length=6.0), at=(2.0, 0.6), heading=HALF),
            ),
        ),
        Template(
            name="pass and turn to face",
            phrase="{0} and {1} pass each other, stop and turn around to face each other",
            build=lambda: _both(trace(Go(length=3.4), Turn(HALF), Wait(0.5), at=(-1.7, -0.6))),
        ),
        Template(
            name="shuttle side by side",
            phrase="{0} and {1} {move} to and fro on two lanes beside each other, always in opposite directions",
            build=lambda: _both(trace(Go(length=2.4), Turn(HALF), Go(length=2.4), Turn(HALF), at=(-1.2, -0.6))),
        ),
        Template(
            name="swap places straight",
            phrase="{0} and {1} face each other, {move} past each other and stop where the other one stood",
            build=lambda: _both(trace(Wait(0.8), Go(length=3.2), Wait(0.8), at=(-1.6, -0.55))),
        ),
        Template(
            name="swap places around",
            phrase="{0} and {1} swap places along two half circles and stop",
            build=lambda: _both(trace(Wait(0.5), Go(length=4.0, turn=HALF), Wait(0.5), at=(1.27, 0), heading=QUARTER)),
        ),
        # Around each other.
        Template(
            name="circles one who stands",
            phrase="{0} {moves} in a circle around {1}, who stands, to the left",
            build=lambda: (_one_lap(1.25, FULL, -QUARTER), still(0, 0, CAMERAWARD)),
        ),
        Template(
            name="circles one who stands, to the right",
            phrase="{0} {moves} in a circle around {1}, who stands, to the right",
            build=lambda: (_one_lap(1.25, -FULL, -QUARTER), still(0, 0, CAMERAWARD)),
        ),
        Template(
            name="circles one who keeps watch",
            phrase="{0} {moves} in a circle around {1}, who turns on the spot to keep facing {0}",
            build=lambda: _watched(_one_lap(1.25, FULL, -QUARTER)),
            heading=("along", "free"),
        ),
        Template(
            name="circles facing one who stands",
            phrase="{0} steps sideways in a circle around {1}, facing {1} all the time",
            build=lambda: (watching(_one_lap(1.25, FULL, -QUARTER), still(0, 0)), still(0, 0, CAMERAWARD)),
            heading="free",
        ),
        Template(
            name="goes half around",
            phrase="{0} stands before {1}, {moves} half around {1} and stops behind {1}",
            build=lambda: (
                trace(Wait(0.8), Go(length=1.25 * HALF, turn=HALF), Wait(0.8), at=(1.25, 0), heading=QUARTER),
                still(0, 0),
            ),
        ),
        Template(
            name="U-turn around one who stands",
            phrase="{0} {moves} up, makes a U-turn around {1}, who stands, and goes back",
            build=lambda: (
                trace(Go(length=2.2), Go(length=1.15 * HALF, turn=HALF), Go(length=2.2), at=(-2.2, -1.15)),
                still(0, 0, HALF),
            ),
        ),
        Template(
            name="square around one who stands",
            phrase="{0} {moves} around a square with {1} standing in the middle",
            build=lambda: (_corners_of_a_square(2.4), still(0, 0, CAMERAWARD)),
        ),
        Template(
            name="spirals in on one who stands",
            phrase="{0} {moves} in a spiral around {1}, closer and closer",
            build=lambda: (
                around(still(0, 0, seconds=11.0), (2.6, 1.15), 1.25 * FULL, start=-QUARTER),
                still(0, 0, CAMERAWARD),
            ),
        ),
        Template(
            name="spirals away from one who stands",
            phrase="{0} {moves} in a spiral around {1}, farther and farther away",
            build=lambda: (
                around(still(0, 0, seconds=11.0), (1.15, 2.6), 1.25 * FULL, start=-QUARTER),
                still(0, 0, CAMERAWARD),
            ),
        ),
        Template(
            name="orbit one another",
            phrase="{0} and {1} {move} in a circle around one another, to the left",
            build=lambda: (_one_lap(0.8, FULL, 0.0), _one_lap(0.8, FULL, HALF)),
        ),
        Template(
            name="orbit one another to the right",
            phrase="{0} and {1} {move} in a circle around one another, to the right",
            build=lambda: (_one_lap(0.8, -FULL, 0.0), _one_lap(0.8, -FULL, HALF)),
        ),
        Template(
            name="orbit face to face",
            phrase="{0} and {1} circle around one another sideways, face to face",
            build=lambda: _both(watching(_one_lap(0.8, FULL, 0.0), still(0, 0))),
            heading="free",
        ),
        Template(
            name="orbit back to back",
            phrase="{0} and {1} circle around one another sideways, back to back",
            build=lambda: _both(watching(_one_lap(0.8, FULL, 0.0), still(0, 0), turned=HALF)),
            heading="free",
        ),
        Template(
            name="orbit and drift apart",
            phrase="{0} and {1} circle around one another in a spiral that grows wider",
            build=lambda: _both(around(still(0, 0, seconds=11.0), (0.65, 1.9), 1.25 * FULL)),
        ),
        Template(
            name="orbit and close in",
            phrase="{0} and {1} circle around one another in a spiral that grows tighter",
            build=lambda: _both(around(still(0, 0, seconds=11.0), (1.9, 0.65), 1.25 * FULL)),
        ),
        Template(
            name="twine along",
            phrase="{0} and {1} {move} on while winding around one another",
            build=lambda: tuple(around(trace(Go(length=5.0)), 0.65, 0.75 * FULL, start=start) for start in (0.0, HALF)),
        ),
        Template(
            name="circles one who walks on",
            phrase="{0} circles around {1}, who {moves} straight on",
            build=lambda: (
                around(trace(Go(length=2.4, pace=0.4)), 1.2, FULL, start=-QUARTER),
                trace(Go(length=2.4, pace=0.4)),
            ),
        ),
        Template(
            name="two circles, opposite turns",
            phrase="{0} and {1} {move} in two circles beside each other, one to the left and one to the right",
            build=lambda: (
                _one_lap(0.85, FULL, -QUARTER).placed(-1.4, 0),
                _one_lap(0.85, -FULL, -QUARTER).placed(1.4, 0),
            ),
        ),
        Template(
            name="two circles, the same turn",
            phrase="{0} and {1} {move} in two circles beside each other, both to the left",
            build=lambda: (
                _one_lap(0.85, FULL, -QUARTER).placed(-1.4, 0),
                _one_lap(0.85, FULL, -QUARTER).placed(1.4, 0),
            ),
        ),
        # On the spot, or one of them so.
        Template(
            name="sidestep as in a mirror",
            phrase="{0} and {1} stand face to face and sidestep the same way, as in a mirror",
            build=lambda: (
                trace(Go(length=2.6, direction=LEFTWARD, pace=0.8), at=(-0.65, 0)),
                trace(Go(length=2.6, direction=RIGHTWARD, pace=0.8), at=(0.65, 0), heading=HALF),
            ),
            heading="free",
        ),
        Template(
            name="sidestep in opposite ways",
            phrase="{0} and {1} stand face to face and each sidesteps to its own left",
            build=lambda: _both(trace(Go(length=2.6, direction=LEFTWARD, pace=0.8), at=(-0.65, -1.3))),
            heading="free",
        ),
        Template(
            name="turn on the spot in opposite ways",
            phrase="{0} and {1} stand side by side and turn on the spot, {0} to the left and {1} to the right",
            build=lambda: (
                trace(Turn(FULL), at=(0, 0.7)),
                trace(Turn(-FULL), at=(0, -0.7)),
            ),
            heading="free",
        ),
        Template(
            name="turn to each other",
            phrase="{0} and {1} stand side by side, turn to face each other and turn back",
            build=lambda: (
                trace(Wait(0.4), Turn(-QUARTER), Wait(1.2), Turn(QUARTER), Wait(0.4), at=(0, 0.7)),
                trace(Wait(0.4), Turn(QUARTER), Wait(1.2), Turn(-QUARTER), Wait(0.4), at=(0, -0.7)),
            ),
            heading="free",
        ),
        Template(
            name="turns on the spot as one passes",
            phrase="{0} {moves} past {1}, who turns around on the spot once",
            build=lambda: (trace(Go(length=4.6), at=(-2.3, -1.1)), trace(Turn(FULL, rate=1.4))),
            heading=("along", "free"),
        ),
        Template(
            name="hop by turns",
            phrase="{0} and {1} stand face to face and hop by turns",
            build=lambda: (
                trace(*[Hop(height=0.35), Wait(0.8)] * 2, at=(-0.7, 0)),
                trace(*[Wait(0.8), Hop(height=0.35)] * 2, at=(0.7, 0), heading=HALF),
            ),
        ),
        Template(
            name="hops as one passes",
            phrase="{0} {moves} past {1} and stops, while {1} hops three times on the spot",
            build=lambda: (
                trace(Go(length=4.2), at=(-2.1, -1.1), to_rest=True),
                trace(*[Hop(height=0.45), Wait(0.6)] * 3),
            ),
        ),
        # In the air.
        Template(
            name="flies over",
            phrase="{0} flies over {1}, who {moves} the other way below",
            build=lambda: (
                trace(Go(length=4.6), at=(-2.3, 0), z=2.3),
                trace(Go(length=3.2), at=(1.6, 0), heading=HALF),
            ),
            flyers=(0,),
        ),
        Template(
            name="circles overhead",
            phrase="{0} flies in a circle above {1}, who stands",
            build=lambda: (_one_lap(1.3, FULL, -QUARTER).placed(0, 0, z=2.2), still(0, 0, CAMERAWARD)),
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="flies up and away",
            phrase="{0} stands beside {1}, takes off and flies away over the ground",
            build=lambda: (
                trace(Wait(1.0), Go(length=3.6, climb=2.0), at=(0, 1.0)),
                still(0, 0),
            ),
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="lands beside",
            phrase="{0} flies down and lands beside {1}, who stands",
            build=lambda: (
                trace(Go(length=3.6, climb=-2.0), Wait(1.0), at=(-3.6, 1.0), z=2.0),
                still(0, 0),
            ),
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="double helix",
            phrase="{0} and {1} fly upwards around one another",
            build=lambda: tuple(
                around(still(0, 0, z=0.4, seconds=10.0), 0.8, 1.5 * FULL, start=start, climb=2.6)
                for start in (0.0, HALF)
            ),
            pace="fly",
            flyers=(0, 1),
        ),
        Template(
            name="rise by turns",
            phrase="{0} and {1} hover side by side; while one rises, the other one sinks",
            build=lambda: (
                trace(Wait(1.5, climb=1.4), Wait(1.5, climb=-1.4), at=(0, 0.65), z=0.4),
                trace(Wait(1.5, climb=-1.4), Wait(1.5, climb=1.4), at=(0, -0.65), z=1.8),
            ),
            pace="fly",
            flyers=(0, 1),
        ),
    ],
    actors=2,
)
