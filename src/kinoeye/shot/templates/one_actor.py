"""Motion templates for one actor. Their order is their number, which names films: add new ones at the end."""

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
    Piece,
    Turn,
    Wait,
    trace,
)
from kinoeye.shot.templates.template import Template, numbered


def _corners(*turns: float, side: float, first: float | None = None, corner: float = 0.35) -> tuple[Piece, ...]:
    """Straight sides with a rounded corner of the given radius after each but the last."""
    pieces: list[Piece] = [Go(length=side if first is None else first)]
    for turn in turns:
        pieces += [Go(length=corner * abs(turn), turn=turn, pace=0.8), Go(length=side)]
    return tuple(pieces)


def _zigzag(angle: float, legs: int = 4) -> Path:
    turns = [-2 * angle if leg % 2 == 0 else 2 * angle for leg in range(legs - 1)]
    return trace(*_corners(*turns, side=1.4, corner=0.25), heading=angle)


def _lane_change(angle: float = QUARTER / 1.5, radius: float = 0.7) -> tuple[Piece, ...]:
    return (Go(length=radius * angle, turn=angle), Go(length=0.8), Go(length=radius * angle, turn=-angle))


ONE_ACTOR = numbered(
    [
        Template(
            name="straight",
            phrase="{0} {moves} straight ahead",
            build=lambda: trace(Go(length=4.0)),
        ),
        Template(
            name="comes to a stop",
            phrase="{0} {moves} straight ahead, comes to a stop and stays there",
            build=lambda wait: trace(Go(length=3.0), Wait(wait)),
            ranges={"wait": (2.4, 3.2)},
        ),
        Template(
            name="sets off",
            phrase="{0} stands still at first, then {moves} straight ahead",
            build=lambda wait: trace(Wait(wait), Go(length=3.0)),
            ranges={"wait": (2.4, 3.2)},
        ),
        Template(
            name="stop and go",
            phrase="{0} {moves} ahead, stops for a while, then goes on",
            build=lambda wait: trace(Go(length=2.0), Wait(wait), Go(length=2.0)),
            ranges={"wait": (2.0, 3.0)},
        ),
        Template(
            name="stops twice",
            phrase="{0} {moves} ahead and stops twice on the way",
            build=lambda wait: trace(*[Go(length=1.2), Wait(wait)] * 2, Go(length=1.2)),
            ranges={"wait": (1.5, 2.2)},
        ),
        Template(
            name="there and back",
            phrase="{0} {moves} ahead, turns around on the spot and comes back",
            build=lambda: trace(Go(length=1.8), Turn(HALF), Go(length=1.8)),
        ),
        Template(
            name="to and fro",
            phrase="{0} paces to and fro three times, turning around at each end",
            build=lambda: trace(Go(length=1.6), Turn(HALF), Go(length=1.6), Turn(-HALF), Go(length=1.6)),
        ),
        Template(
            name="backwards",
            phrase="{0} {moves} straight backwards",
            build=lambda: trace(Go(length=3.0, direction=BACK, pace=0.8)),
            heading="free",
        ),
        Template(
            name="forwards and back",
            phrase="{0} {moves} forwards, then backs off the same way without turning",
            build=lambda back: trace(Go(length=2.5), Go(length=back, direction=BACK, pace=0.8)),
            ranges={"back": (2.2, 2.5)},
            heading="free",
        ),
        Template(
            name="sidestep left",
            phrase="{0} steps sideways to its left",
            build=lambda: trace(Go(length=2.5, direction=LEFTWARD, pace=0.8)),
            heading="free",
        ),
        Template(
            name="sidestep right",
            phrase="{0} steps sideways to its right",
            build=lambda: trace(Go(length=2.5, direction=RIGHTWARD, pace=0.8)),
            heading="free",
        ),
        Template(
            name="box step",
            phrase="{0} goes around a square without turning: forwards, left, back and right",
            build=lambda: trace(
                *(Go(length=1.2, direction=way, pace=0.8) for way in (0.0, LEFTWARD, BACK, RIGHTWARD)),
                from_rest=True,
                to_rest=True,
            ),
            heading="free",
        ),
        Template(
            name="bend left",
            phrase="{0} {moves} along a gentle bend to the left",
            build=lambda turn: trace(Go(length=4.0, turn=turn)),
            ranges={"turn": (1.1, 1.4)},
        ),
        Template(
            name="bend right",
            phrase="{0} {moves} along a gentle bend to the right",
            build=lambda turn: trace(Go(length=4.0, turn=-turn)),
            ranges={"turn": (1.1, 1.4)},
        ),
        Template(
            name="corner left",
            phrase="{0} {moves} ahead, turns a corner to the left and goes on",
            build=lambda first: trace(*_corners(QUARTER, side=2.0, first=first)),
            ranges={"first": (1.8, 2.2)},
        ),
        Template(
            name="corner right",
            phrase="{0} {moves} ahead, turns a corner to the right and goes on",
            build=lambda first: trace(*_corners(-QUARTER, side=2.0, first=first)),
            ranges={"first": (1.8, 2.2)},
        ),
        Template(
            name="half circle left",
            phrase="{0} {moves} in a wide half circle to the left",
            build=lambda turn: trace(Go(length=4.5, turn=turn)),
            ranges={"turn": (2.9, 3.3)},
        ),
        Template(
            name="half circle right",
            phrase="{0} {moves} in a wide half circle to the right",
            build=lambda turn: trace(Go(length=4.5, turn=-turn)),
            ranges={"turn": (2.9, 3.3)},
        ),
        Template(
            name="U-turn left",
            phrase="{0} {moves} ahead, makes a U-turn to the left and comes back",
            build=lambda radius: trace(Go(length=2.5), Go(length=HALF * radius, turn=HALF), Go(length=2.5)),
            ranges={"radius": (0.4, 0.55)},
        ),
        Template(
            name="U-turn right",
            phrase="{0} {moves} ahead, makes a U-turn to the right and comes back",
            build=lambda radius: trace(Go(length=2.5), Go(length=HALF * radius, turn=-HALF), Go(length=2.5)),
            ranges={"radius": (0.4, 0.55)},
        ),
        Template(
            name="circle left",
            phrase="{0} {moves} in a circle to the left",
            build=lambda turn: trace(Go(length=turn, turn=turn)),
            ranges={"turn": (0.94 * FULL, FULL)},
        ),
        Template(
            name="circle right",
            phrase="{0} {moves} in a circle to the right",
            build=lambda turn: trace(Go(length=turn, turn=-turn)),
            ranges={"turn": (0.94 * FULL, FULL)},
        ),
        Template(
            name="circles twice",
            phrase="{0} {moves} around the same circle twice, to the left",
            build=lambda turn: trace(Go(length=turn, turn=turn)),
            ranges={"turn": (1.95 * FULL, 2.0 * FULL)},
        ),
        Template(
            name="circles back",
            phrase="{0} {moves} in a full circle to the left, turns around and takes the circle back",
            build=lambda: trace(Go(length=5.0, turn=FULL), Turn(HALF), Go(length=5.0, turn=-FULL)),
        ),
        Template(
            name="loop on the way",
            phrase="{0} {moves} ahead, makes a full loop to the left and goes on ahead",
            build=lambda loop: trace(Go(length=2.2), Go(length=loop, turn=FULL), Go(length=2.2)),
            ranges={"loop": (3.2, 4.0)},
        ),
        Template(
            name="hook left",
            phrase="{0} {moves} ahead, then swings around to the left and crosses its own way",
            build=lambda: trace(Go(length=2.5), Go(length=4.2, turn=0.75 * FULL), Go(length=1.8)),
        ),
        Template(
            name="hook right",
            phrase="{0} {moves} ahead, then swings around to the right and crosses its own way",
            build=lambda: trace(Go(length=2.5), Go(length=4.2, turn=-0.75 * FULL), Go(length=1.8)),
        ),
        Template(
            name="S-bend",
            phrase="{0} {moves} along an S, first to the left, then to the right",
            build=lambda turn: trace(Go(length=3.0, turn=turn), Go(length=3.0, turn=-turn)),
            ranges={"turn": (2.4, 2.8)},
        ),
        Template(
            name="reversed S-bend",
            phrase="{0} {moves} along an S, first to the right, then to the left",
            build=lambda turn: trace(Go(length=3.0, turn=-turn), Go(length=3.0, turn=turn)),
            ranges={"turn": (2.4, 2.8)},
        ),
        Template(
            name="changes lane",
            phrase="{0} {moves} ahead, moves over to the left and goes on beside its old line",
            build=lambda: trace(Go(length=1.5), *_lane_change(), Go(length=1.5)),
        ),
        Template(
            name="slalom",
            phrase="{0} {moves} in a slalom, swinging from side to side",
            build=lambda sway: trace(Go(length=7.0, sway=sway, swings=3.0)),
            ranges={"sway": (1.1, 1.3)},
        ),
        Template(
            name="zigzag",
            phrase="{0} {moves} in a zigzag with sharp corners",
            build=_zigzag,
            ranges={"angle": (0.8, 0.95)},
        ),
        Template(
            name="staircase",
            phrase="{0} {moves} along steps, turning left and right by turns",
            build=lambda: trace(*_corners(QUARTER, -QUARTER, QUARTER, -QUARTER, side=1.1)),
        ),
        Template(
            name="triangle",
            phrase="{0} {moves} around a triangle, turning left at its corners",
            build=lambda: trace(*_corners(FULL / 3, FULL / 3, side=2.0)),
        ),
        Template(
            name="square left",
            phrase="{0} {moves} around a square, turning left by a quarter at each corner",
            build=lambda: trace(*_corners(QUARTER, QUARTER, QUARTER, side=1.6)),
        ),
        Template(
            name="square right",
            phrase="{0} {moves} around a square, turning right by a quarter at each corner",
            build=lambda: trace(*_corners(-QUARTER, -QUARTER, -QUARTER, side=1.6)),
        ),
        Template(
            name="figure eight",
            phrase="{0} {moves} in a figure eight",
            build=lambda: trace(Go(length=8.0, sway=EIGHT)),
        ),
        Template(
            name="spiral in",
            phrase="{0} {moves} in a spiral to the left that grows tighter",
            build=lambda turns: trace(Go(length=8.0, turn=turns * FULL, tighten=5.0)),
            ranges={"turns": (1.95, 2.05)},
        ),
        Template(
            name="spiral out",
            phrase="{0} {moves} in a spiral to the right that grows wider",
            build=lambda turns: trace(Go(length=8.0, turn=-turns * FULL, tighten=0.2)),
            ranges={"turns": (1.95, 2.05)},
        ),
        Template(
            name="turns on the spot to the left",
            phrase="{0} turns on the spot to the left, all the way around",
            build=lambda: trace(Turn(FULL)),
            heading="free",
        ),
        Template(
            name="turns on the spot to the right",
            phrase="{0} turns on the spot to the right, all the way around",
            build=lambda: trace(Turn(-FULL)),
            heading="free",
        ),
        Template(
            name="about face",
            phrase="{0} stands, turns around on the spot and stands again",
            build=lambda wait: trace(Wait(wait), Turn(HALF), Wait(wait)),
            ranges={"wait": (0.7, 0.9)},
            heading="free",
        ),
        Template(
            name="looks around",
            phrase="{0} stays on the spot, turns to its left, then to its right, then back",
            build=lambda angle: trace(Turn(angle), Wait(0.4), Turn(-2 * angle), Wait(0.4), Turn(angle)),
            ranges={"angle": (1.0, 1.3)},
            heading="free",
        ),
        Template(
            name="pirouette on the way",
            phrase="{0} {moves} ahead, stops to turn once around on the spot, and goes on",
            build=lambda: trace(Go(length=1.5), Turn(FULL), Go(length=1.5)),
        ),
        Template(
            name="turns and leaves",
            phrase="{0} stands, turns around on the spot and {moves} away",
            build=lambda: trace(Wait(0.8), Turn(HALF), Go(length=3.0)),
        ),
        Template(
            name="spins along",
            phrase="{0} moves straight on while spinning twice on its own axis",
            build=lambda: trace(Go(length=4.0, keeps_facing=True, spin=2 * FULL)),
            heading="free",
        ),
        Template(
            name="circles facing inwards",
            phrase="{0} steps sideways in a circle and keeps facing its centre",
            build=lambda: trace(Go(length=FULL, turn=FULL, direction=RIGHTWARD)),
            heading="free",
        ),
        Template(
            name="circles facing one way",
            phrase="{0} goes around a circle and faces the same way all the time",
            build=lambda: trace(Go(length=FULL, turn=FULL, keeps_facing=True)),
            heading="free",
        ),
        Template(
            name="creeps, then dashes",
            phrase="{0} starts slowly and then {moves} ever faster, straight ahead",
            build=lambda: trace(Go(length=1.5, pace=0.5), Go(length=3.5, pace=2.2)),
            pace="run",
        ),
        Template(
            name="hops on the spot",
            phrase="{0} hops three times on the spot",
            build=lambda: trace(*[Hop(height=0.35), Wait(0.35)] * 3),
        ),
        Template(
            name="hops forwards",
            phrase="{0} hops forwards three times",
            build=lambda length: trace(*[Hop(height=0.35, length=length), Wait(0.6)] * 3),
            ranges={"length": (0.65, 0.75)},
        ),
        Template(
            name="jump from a run",
            phrase="{0} runs up, jumps far, comes to a stop and stays there",
            build=lambda: trace(
                Go(length=1.4, pace=2.0), Hop(height=0.5, length=1.4), Go(length=1.0, pace=2.0), Wait(0.6)
            ),
            pace="run",
        ),
        Template(
            name="turning jump",
            phrase="{0} jumps up, turns around in the air and lands facing back",
            build=lambda: trace(Wait(0.4), Hop(height=0.45, turn=HALF), Wait(0.6)),
            heading="free",
        ),
        Template(
            name="takes off",
            phrase="{0} starts along the ground, takes off and climbs away",
            build=lambda climb: trace(Go(length=1.5), Go(length=3.5, climb=climb)),
            ranges={"climb": (1.6, 2.0)},
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="lands",
            phrase="{0} {moves} down to the ground and comes to rest",
            build=lambda drop: trace(Go(length=4.0, climb=-drop), Wait(1.5), z=drop),
            ranges={"drop": (1.6, 2.0)},
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="climbing helix",
            phrase="{0} {moves} upwards around a helix to the left",
            build=lambda climb: trace(Go(length=2 * FULL, turn=2 * FULL, climb=climb), z=0.5),
            ranges={"climb": (2.4, 3.0)},
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="flies in waves",
            phrase="{0} {moves} straight ahead, rising and falling in waves",
            build=lambda bob: trace(Go(length=5.0, bob=bob, waves=3), z=0.8),
            ranges={"bob": (0.8, 1.1)},
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="swoop",
            phrase="{0} {moves} high, swoops down close to the ground and climbs again",
            build=lambda drop: trace(Go(length=2.5, climb=-drop), Go(length=2.5, climb=drop), z=0.2 + drop),
            ranges={"drop": (1.6, 2.0)},
            pace="fly",
            flyers=(0,),
        ),
        Template(
            name="rises and sinks",
            phrase="{0} rises straight up, hovers and sinks to the ground again",
            build=lambda height: trace(Wait(1.5, climb=height), Wait(0.8), Wait(1.5, climb=-height)),
            ranges={"height": (1.2, 1.8)},
            pace="fly",
            flyers=(0,),
        ),
    ],
    actors=1,
)
