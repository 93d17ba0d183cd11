"""Checkpoints: what ships, what a file is, whether official ones would work, and how one is added.

  list     what ships, with its scores, sizes and stored baselines
  check    which known model a checkpoint is of, its parts and types, and what it lacks; --plan adds memory by stage
  parity   how far ours is from the official code on a fixture
  import   an official checkpoint becomes a folder that --model takes
  add      a finished training run is exported in 16 bits, scored, and entered into weights.json

Nothing is downloaded. Exit code 1 when a checked checkpoint is not whole, 2 on bad input.

Example:
  kinoeye weights list
  kinoeye weights check text_motion.safetensors --plan --dtype bf16
  kinoeye weights import text_motion.safetensors --as gendop -o models/text_motion
  kinoeye weights add runs/director --name tiny
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.cli.options import count, given_path, non_negative, print_json, say

if TYPE_CHECKING:
    from kinoeye.evaluation.checkpoint_report import CheckpointReport
    from kinoeye.evaluation.memory_plan import MemoryPlan
    from kinoeye.evaluation.publish import Evaluate, Evaluated

MEGABYTE = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's verbs and their options."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", help="list, check, parity, import or add")

    def make(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    make("list", "What ships, with its scores, sizes and stored baselines.")

    check = make("check", "Which known model a checkpoint is of, its parts and types, and what it lacks.")
    check.add_argument("checkpoint", type=given_path, metavar="DIR", help="a folder, .safetensors or torch file")
    check.add_argument("--as", dest="system", metavar="SYSTEM", help="fail unless it is this system's")
    check.add_argument("--plan", action="store_true", help="memory by stage, before anything loads")
    check.add_argument("--dtype", choices=("fp32", "bf16", "fp16"), default="fp32", help="of the weights in the plan")

    parity = make(
        "parity", "How far ours is from the official code on a fixture: the largest difference of each output."
    )
    parity.add_argument("system", metavar="SYSTEM", help="gendop, amg, clatr or director")
    parity.add_argument("fixture", type=given_path, metavar="FIXTURE_DIR", help="laid out as its readme says")

    imported = make("import", "An official checkpoint becomes a folder that --model takes.")
    imported.add_argument("checkpoint", type=given_path, metavar="FILE", help="a .safetensors or torch file, or shards")
    imported.add_argument("--as", dest="system", required=True, metavar="SYSTEM", help="gendop, clatr, director or amg")
    imported.add_argument("-o", "--out", type=given_path, required=True, metavar="DIR", help="the folder to make")
    imported.add_argument("--heads", type=count, metavar="N", help="attention heads, if not those of released models")

    add = make("add", "A finished training run is exported in 16 bits, scored, and entered into weights.json.")
    add.add_argument("run", type=given_path, metavar="RUN", help="the output folder of `kinoeye train`")
    add.add_argument("--name", required=True, metavar="NAME", help="of the checkpoint, such as tiny")
    add.add_argument("--system", metavar="SYSTEM", help='if not what was trained; "shared" for a part of several')
    add.add_argument("--stored", action="store_true", help="store the scores as a baseline's; its weights do not ship")
    add.add_argument("--world-seed", type=non_negative, default=0, metavar="S", help="of the evaluation (default 0)")
    add.add_argument("--count", type=count, default=256, metavar="N", help="of the evaluation (default 256)")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    return {"list": _list, "check": _check, "parity": _parity, "import": _import, "add": _add}[args.verb](args)


def _list(args: argparse.Namespace) -> int:
    from kinoeye.weights import WeightsIndex
    from kinoeye.weights.index import BUDGET_BYTES, ROOT

    index = WeightsIndex.read(ROOT)
    systems = dict.fromkeys(row.system for row in (*index.entries, *index.stored))
    if args.json:
        print_json(
            {
                "entries": [{**_entry_facts(entry), "learning_curve": entry.learning_curve} for entry in index.entries],
                "stored": index.stored,
                "budget_bytes": BUDGET_BYTES,
                "used_bytes": {system: index.bytes_of(system) for system in systems},
            }
        )
        return 0
    for entry in index.entries:
        print(f"{entry.system} {entry.name}  {_megabytes(entry.bytes)}  {entry.licence}  sha256 {entry.sha256[:12]}")
        print(f"  trained  kinoeye {' '.join(entry.command)}")
        print(f"  cost     {entry.hours:.2f} h, {entry.cpu_seconds:,.0f} CPU-seconds")
        print(f"  data     {entry.data}")
        print(f"  scores   {_scores(entry.metrics)}")
    for row in index.stored:
        print(f"{row.system} {row.name}  stored scores, no weights  {_scores(row.metrics)}")
    for system in systems:
        print(f"{system}: {_megabytes(index.bytes_of(system))} of {_megabytes(BUDGET_BYTES)}")
    if not systems:
        print("no checkpoints ship with this version")
    return 0


def _check(args: argparse.Namespace) -> int:
    from kinoeye.evaluation.checkpoint_report import check_checkpoint
    from kinoeye.evaluation.memory_plan import plan_memory

    report = check_checkpoint(args.checkpoint, system=args.system)
    plan = plan_memory(report, args.dtype) if args.plan else None
    if args.json:
        print_json({**_report_facts(report), **({} if plan is None else {"plan": _plan_facts(plan)})})
    else:
        _print_report(report)
        if plan is not None:
            _print_plan(plan)
    return int(not report.holds)


def _parity(args: argparse.Namespace) -> int:
    from kinoeye.evaluation.parity import measure_parity

    found = measure_parity(args.system, args.fixture)
    if args.json:
        print_json(found)
        return 0
    width = max(map(len, found.outputs))
    print(f"{found.system} on {found.fixture}: largest absolute difference, or tokens that differ")
    for name, value in found.outputs.items():
        print(f"  {name:<{width}}  {value:.3g}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from kinoeye.evaluation.official_models import import_checkpoint
    from kinoeye.weights import resolve

    report = import_checkpoint(args.checkpoint, args.out, system=args.system, heads=args.heads)
    folder = resolve(args.out, system=args.system)
    if args.json:
        print_json(
            {
                "system": args.system,
                "folder": str(args.out),
                "sha256": folder.sha256,
                "tensors": len(report.mapped),
                "ignored": report.ignored,
                "trimmed": report.trimmed,
            }
        )
    else:
        print(f"{args.out}: {report}")
    return 0


def _add(args: argparse.Namespace) -> int:
    from kinoeye.evaluation.publish import TrainingRun, publish, publish_stored, validated
    from kinoeye.weights.index import ROOT, SHARED

    run = TrainingRun.open(args.run)
    system = args.system or run.system
    evaluate = validated(args.run) if run.is_part or system == SHARED else _evaluation(args, system)
    if args.stored:
        row = publish_stored(args.run, evaluate, name=args.name, system=args.system, root=ROOT)
        if args.json:
            print_json(row)
        else:
            print(f"{row.system} {row.name}: stored {_scores(row.metrics)}")
        return 0
    entry = publish(args.run, evaluate, name=args.name, system=args.system, root=ROOT)
    if args.json:
        print_json(_entry_facts(entry))
    else:
        print(f"{entry.system} {entry.name}: {_megabytes(entry.bytes)}, {_scores(entry.metrics)}")
    return 0


def _evaluation(args: argparse.Namespace, system: str) -> Evaluate:
    """`kinoeye eval` of a folder, in this process."""
    options = ("--world-seed", str(args.world_seed), "--count", str(args.count), "--baselines", "none")

    def evaluate(folder: Path) -> Evaluated:
        from kinoeye.evaluation.publish import Evaluated

        say(args, f"scoring {folder}")
        found = evaluated([system, "--model", str(folder), *options, "--json"])
        model = f"{args.run.name}/{folder.name}" if args.stored else args.name
        argv = ("eval", system, "--model", model, *options)
        return Evaluated(found["metrics"], argv, found["worlds_sha256"])

    return evaluate


def evaluated(argv: list[str]) -> dict[str, Any]:
    """What `kinoeye eval` prints with --json.

    Raises:
        InputError: it cannot score the model.
    """
    import contextlib
    import importlib
    import io
    import json

    from kinoeye.base.errors import InputError
    from kinoeye.cli.main import command_parser

    command = importlib.import_module("kinoeye.cli.eval")
    args = command_parser("eval", command).parse_args(argv)
    args.argv = ["eval", *argv]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = command.run(args)
    if code != 0:
        raise InputError(f"`kinoeye eval {' '.join(argv)}` ended with {code}, so nothing was added")
    return json.loads(printed.getvalue())


def _entry_facts(entry: Any) -> dict[str, Any]:
    from kinoeye.base.records import to_json

    facts = {**to_json(entry), "bytes": entry.bytes, "sha256": entry.sha256}
    del facts["learning_curve"]
    return facts


def _report_facts(report: CheckpointReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "system": report.kind.system,
        "kind": report.kind.title,
        "prefix": report.prefix,
        "parameters": report.parameters,
        "groups": report.groups,
        "other_tensors": report.others,
        "missing": report.missing,
        "problem": report.problem,
    }


def _plan_facts(plan: MemoryPlan) -> dict[str, Any]:
    from kinoeye.base.records import to_json

    stages = [{**to_json(stage), "total": stage.total} for stage in plan.stages]
    return {
        "dtype": plan.dtype, "stages": stages, "resident": plan.resident, "peak": plan.peak,
        "assumptions": plan.assumptions,
    }  # fmt: skip


def _print_report(report: CheckpointReport) -> None:
    under = f", under {report.prefix}" if report.prefix else ""
    print(f"{report.file}: {report.kind.title}{under}, {report.parameters:,} parameters")
    width = max(len(group.name) for group in report.groups)
    for group in report.groups:
        print(
            f"  {group.name:<{width}}  {group.parameters:>15,} parameters  {group.tensors:>5} tensors  "
            f"{_megabytes(group.bytes):>12}  {', '.join(group.dtypes)}"
        )
    if report.others:
        print(f"  {report.others} tensors of other networks beside it")
    for key in report.missing:
        print(f"  missing  {key}")
    if report.problem is not None:
        print(f"  does not load: {report.problem}")


def _print_plan(plan: MemoryPlan) -> None:
    print(f"memory in {plan.dtype}:")
    width = max(len(stage.name) for stage in plan.stages)
    for stage in plan.stages:
        weights = _megabytes(stage.weights)
        cache = f" + cache {_megabytes(stage.cache)}" if stage.cache else ""
        estimate = "" if stage.activations is None else f" + activations about {_megabytes(stage.activations)}"
        print(f"  {stage.name:<{width}}  {_megabytes(stage.total):>12}: weights {weights}{cache}{estimate}")
    print(f"  at once: {_megabytes(plan.peak['none'])}; with --offload model: {_megabytes(plan.peak['model'])}")
    for assumption in plan.assumptions:
        print(f"  ({assumption})")


def _scores(metrics: dict[str, float]) -> str:
    known = {name: "not defined" if value != value else f"{value:.4g}" for name, value in metrics.items()}
    return ", ".join(f"{name} {value}" for name, value in known.items()) or "none"


def _megabytes(number: int) -> str:
    return f"{number / MEGABYTE:,.2f} MB"
