"""What a shot is held against: limits of framing and motion, and what each class of rig can do.

| | tripod | dolly | crane | handheld | drone | no rig |
|---|---|---|---|---|---|---|
| travel, m | 0.05 | | | | | |
| height change, m | 0.05 | 0.05 | 12 | 2 | 120 | |
| extent, m | 0.1 | | 15 | | | |
| speed, m/s | | 3 | 3 | 3 | 20 | 20 |
| acceleration, m/s2 | | 2 | 3 | 10 | 10 | 50 |
| jerk, m/s3 | | 20 | 30 | 300 | 300 | 1500 |
| angular rate, deg/s | 180 | 180 | 120 | 300 | 180 | 360 |
| angular acceleration, deg/s2 | 1500 | 1500 | 1000 | 3000 | 1500 | 6000 |
| roll, deg | 2 | 2 | 2 | 30 | 15 | 5 |
| shake, m | 0.05 | 0.05 | 0.05 | 0.05 | 0.05 | |

Of these figures only the walking speed was confirmed by its source; apart from what was measured, the others are the
general knowledge of the craft. Where they come from: people walk at 1.4 m/s and jog at 3 (Browning et al. 2006 for
walking), and a grip pushes a dolly no faster; the trunk of a walking person is accelerated by a few m/s2, of a running
one by about 10. A multirotor that leans by 45 degrees accelerates by g = 9.8 m/s2; camera drones are sold with 15 to 26
m/s, and 120 m is the height that EU and US rules allow. Telescopic camera cranes reach 15 m (50 ft). Fluid heads and
stabilised heads follow a whip pan of about 180 degrees a second. Jerks and angular accelerations have no published
bounds for these rigs. Measured: the drone of EuRoC V1_02 reaches 8.4 m/s2, 165 m/s3, 136 deg/s and 1430 deg/s2, the
hand of TUM freiburg1_xyz 3.0 m/s2, 68 m/s3, 64 deg/s and 1360 deg/s2; the limits leave them room. Dollies and cranes
are given a tenth of a second to build up their largest acceleration. Without a rig a camera is virtual: the limits only
tell one continuous shot from a jump, so that a start at 2 m/s within one frame at 24 per second still holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Rig:
    """What a class of camera support can do; infinity for what it does not limit."""

    travel: float = math.inf
    """Metres that the camera may leave its first place."""
    height: float = math.inf
    """Metres between its lowest and its highest place; needs a known vertical."""
    extent: float = math.inf
    """Metres between any two of its places."""
    speed: float = math.inf
    acceleration: float = math.inf
    jerk: float = math.inf
    angular_rate: float = math.inf
    """Degrees per second, like all angles here."""
    angular_acceleration: float = math.inf
    roll: float = math.inf
    shake: float = math.inf
    """Metres of motion faster than about two hertz: off a quadratic fitted to half a second."""


_HEAD = {"angular_rate": 180.0, "angular_acceleration": 1500.0}
RIGS: Mapping[str, Rig] = {
    "tripod": Rig(travel=0.05, height=0.05, extent=0.1, roll=2.0, shake=0.05, **_HEAD),
    "dolly": Rig(height=0.05, speed=3.0, acceleration=2.0, jerk=20.0, roll=2.0, shake=0.05, **_HEAD),
    "crane": Rig(
        height=12.0,
        extent=15.0,
        speed=3.0,
        acceleration=3.0,
        jerk=30.0,
        angular_rate=120.0,
        angular_acceleration=1000.0,
        roll=2.0,
        shake=0.05,
    ),
    "handheld": Rig(
        height=2.0,
        speed=3.0,
        acceleration=10.0,
        jerk=300.0,
        angular_rate=300.0,
        angular_acceleration=3000.0,
        roll=30.0,
        shake=0.05,
    ),
    "drone": Rig(height=120.0, speed=20.0, acceleration=10.0, jerk=300.0, roll=15.0, shake=0.05, **_HEAD),
}
"""Class of rig -> what it can do, simplest first."""

SHOT_SIZES: Mapping[str, tuple[float, float]] = {
    "extreme long shot": (0.0, 0.25),
    "long shot": (0.25, 0.6),
    "wide shot": (0.25, 0.6),
    "full shot": (0.6, 1.0),
    "medium long shot": (1.0, 1.5),
    "medium shot": (1.5, 2.2),
    "medium close up": (2.2, 3.2),
    "close up": (3.2, 6.5),
    "extreme close up": (6.5, 40.0),
}
"""Name of a shot size -> the height of the whole subject as a share of the frame's: a person is cut at the knees (1.0
to 1.5), the waist (to 2.2), the chest (to 3.2) and the shoulders (to 6.5)."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the checks hold a shot against.

    Example:
        >>> Limits.for_rig("dolly").speed
        3.0
    """

    clearance: float = 0.3
    """Metres, at least, between the camera and everything else."""
    in_frame: float = 0.5
    """Share, at least, of the subject's rectangle on the screen that lies inside the frame."""
    visible: float = 0.5
    """Share, at least, of the subject's outline that nothing hides."""
    size_min: float = 0.05
    """Height of the subject, at least, as a share of the frame's."""
    size_max: float = 3.2
    """The same, at most."""
    thirds: float = 0.1
    """Distance of the subject's middle, at most, to the nearest line of thirds, as a share of the frame."""
    line: float = 0.1
    """Metres, at most, beyond the line of action."""
    speed: float = 20.0
    """m/s, at most."""
    acceleration: float = 50.0
    """m/s2, at most."""
    jerk: float = 1500.0
    """m/s3, at most."""
    angular_rate: float = 360.0
    """deg/s, at most."""
    angular_acceleration: float = 6000.0
    """deg/s2, at most."""
    roll: float = 5.0
    """Degrees, at most, that the horizon leans."""

    @classmethod
    def for_rig(cls, rig: str | None) -> Limits:
        """The limits of a camera on a rig: motion and roll are the rig's, where it has a limit.

        Raises:
            InputError: there is no rig of that name.
        """
        if rig is None:
            return cls()
        if rig not in RIGS:
            raise InputError(f"rig {rig!r} is unknown; it is one of {', '.join(RIGS)}")
        shared = {f.name for f in fields(cls)} & {f.name for f in fields(Rig)}
        values = {name: getattr(RIGS[rig], name) for name in shared}
        return cls(**{name: value for name, value in values.items() if math.isfinite(value)})

    def with_values(self, values: Mapping[str, float]) -> Limits:
        """The limits with some of them changed; names may have dashes.

        Raises:
            InputError: a name is unknown, or a value is not a number from 0.
        """
        known = [field.name for field in fields(self)]
        changes = {name.replace("-", "_"): value for name, value in values.items()}
        for name, value in changes.items():
            if name not in known:
                raise InputError(f"there is no limit {name!r}; {did_you_mean(name, known, 'limits')}")
            if not value >= 0:
                raise InputError(f"the limit {name} is {value:g}; it is a number from 0")
            if name in ("in_frame", "visible") and value > 1:
                raise InputError(f"the limit {name} is {value:g}; it is a share of the subject, from 0 to 1")
        changed = replace(self, **changes)
        if changed.size_min > changed.size_max:
            raise InputError(f"size_min {changed.size_min:g} is above size_max {changed.size_max:g}")
        return changed

    def with_shot_size(self, name: str) -> Limits:
        """The limits with the band of a named shot size.

        Raises:
            InputError: there is no shot size of that name.
        """
        words = " ".join(name.lower().replace("-", " ").split())
        words = words.replace("closeup", "close up")
        if words not in SHOT_SIZES:
            raise InputError(f"shot size {name!r} is unknown; it is one of {', '.join(SHOT_SIZES)}")
        low, high = SHOT_SIZES[words]
        return replace(self, size_min=low, size_max=high)
