"""A short notation of plans for tables: moves by "|", simultaneous actions by "+", degrees, what is unused in [ ],
misspelt=read in { }.

    truck left 2 + yaw right 30 @10 ~4 -> red robot ; x0.65 slight ease_in 3s

`@` is a stated speed, `~` a distance, `->` a target.
"""

from __future__ import annotations

import math

from kinoeye.language.plan import KINDS, Action, ActorAction, ActorMention, Move, Plan


def notation(plan: Plan) -> str:
    parts = [" | ".join(_move(move) for move in plan.moves)]
    parts += [f"({_actor(actor)})" for actor in plan.actors]
    parts += [f"<{plan.place.environment}>"] if plan.place else []
    parts += [f"{plan.duration_s:g}s in all"] if plan.duration_s else []
    parts += [f"{plan.fps:g} fps"] if plan.fps else []
    parts += [f"[{unused.text}]" for unused in plan.unused]
    parts += [f"{{{word.text}={word.word}}}" for word in plan.read_as]
    return " ".join(parts)


def _move(move: Move) -> str:
    manner = [f"x{move.speed:g}"] if move.speed != 1.0 else []
    manner += ["slight"] if move.slight else []
    manner += [move.easing] if move.easing else []
    manner += [f"{move.duration_s:g}s"] if move.duration_s else []
    actions = " + ".join(_action(action) for action in move.actions)
    return f"{actions} ; {' '.join(manner)}" if manner else actions


def _action(action: Action) -> str:
    words = [action.kind, action.direction]
    scale = 180 / math.pi if KINDS[action.kind].unit == "rad" else 1.0
    words += [f"{action.amount * scale:.4g}"] if action.amount is not None else []
    words += [f"@{action.rate * scale:.4g}"] if action.rate is not None else []
    words += [f"~{action.distance:g}"] if action.distance is not None else []
    words += [f"-> {action.target}"] if action.target else []
    return " ".join(filter(None, words))


def _actor(actor: ActorMention) -> str:
    looks = f"{actor.size} {actor.name}" if actor.size else actor.name
    worn = f"in {actor.clothes}" if actor.clothes else None
    does = " then ".join(_acting(action) for action in actor.actions).replace(" then &", " &")
    return " ".join(filter(None, (looks, worn, does or actor.behaviour, None if does else actor.direction)))


def _acting(action: ActorAction) -> str:
    """`&` goes before what is done together with what came before, `after` says whose end is waited for."""
    words = ["&" if action.together else None, action.name, action.side, action.pace if action.pace != "walk" else None]
    words += [f"x{action.speed:g}"] if action.speed != 1.0 else []
    words += [f"{action.scale:g} times as large"] if action.scale != 1.0 else []
    words += [f"{action.duration_s:g}s"] if action.duration_s else []
    words += [f"-> {action.other}"] if action.other else []
    words += [f"after {action.after[1]} of {action.after[0]}"] if action.after else []
    return " ".join(filter(None, words))
