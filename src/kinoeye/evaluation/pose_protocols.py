"""Every published pose error by name: a formula, a unit, what it does about alignment, and what cannot change it.

docs/protocols.md states each with its source and with what the papers leave open. In the formulas T_i is pose i of
the reference and E_i pose i of the estimate, both body-to-world; R and t are their rotations and translations;
angle(R) is the geodesic distance from the identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean
from kinoeye.evaluation.control_protocols import CONTROL_PROTOCOLS
from kinoeye.evaluation.pair_protocols import PAIR_PROTOCOLS
from kinoeye.evaluation.protocol import PoseProtocol
from kinoeye.evaluation.trajectory_protocols import FIRST_POSE_PROTOCOLS, TRAJECTORY_PROTOCOLS

PROTOCOLS: Mapping[str, PoseProtocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (*TRAJECTORY_PROTOCOLS, *FIRST_POSE_PROTOCOLS, *PAIR_PROTOCOLS, *CONTROL_PROTOCOLS)
    }
)
"""Name -> protocol, in the order of a report."""


def chosen_protocols(names: Iterable[str] | None) -> tuple[PoseProtocol, ...]:
    """The protocols of these names, or all of them.

    Raises:
        InputError: there is none of a name; the nearest is named.
    """
    if names is None:
        return tuple(PROTOCOLS.values())
    names = tuple(names)
    for name in names:
        if name not in PROTOCOLS:
            raise InputError(f"there is no protocol {name!r}; {did_you_mean(name, PROTOCOLS)}")
    return tuple(PROTOCOLS[name] for name in dict.fromkeys(names))
