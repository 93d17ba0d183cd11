"""All motion templates, and how one is found by its name or its number."""

from __future__ import annotations

from collections.abc import Mapping

from kinoeye.base.errors import InputError
from kinoeye.base.names import nearest_name
from kinoeye.shot.templates.one_actor import ONE_ACTOR
from kinoeye.shot.templates.template import Template
from kinoeye.shot.templates.three_actors import THREE_ACTORS
from kinoeye.shot.templates.two_actors import TWO_ACTORS

TEMPLATES: tuple[Template, ...] = (*ONE_ACTOR, *TWO_ACTORS, *THREE_ACTORS)
"""Those of one actor, of two and of three, each in the order of their numbers."""
_BY_NAME: Mapping[str, Template] = {template.name: template for template in TEMPLATES}
_BY_CODE: Mapping[str, Template] = {template.code: template for template in TEMPLATES}


def find_template(name: str) -> Template:
    """The template of a name, or of a code such as t2n5: the fifth one of two actors.

    Raises:
        InputError: there is none.

    Example:
        >>> find_template("t1n1").name
        'straight'
    """
    found = _BY_NAME.get(name) or _BY_CODE.get(name)
    if found is None:
        near = nearest_name(name, _BY_NAME)
        hint = f"; did you mean {near!r}?" if near else ""
        counts = ", ".join(f"t{k}n1 to t{k}n{max(t.number for t in TEMPLATES if t.actors == k)}" for k in (1, 2, 3))
        raise InputError(f"there is no motion template {name!r}{hint}; templates have names, and codes {counts}")
    return found
