"""What the evaluation of any system comes to: metrics of a model, rows of baselines, chance, failures and cost."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kinoeye.base.files import read_json, write_json, write_text
from kinoeye.base.records import read_record, to_json, write_record
from kinoeye.evaluation.measurement import Measurement
from kinoeye.weights import WeightsIndex

VERSION = 1
Baselines = Literal["all", "none"]


@dataclass(frozen=True, kw_only=True)
class EvalReport:
    """The scores of one model of one system, beside those of its baselines."""

    system: str
    model: str
    worlds: str
    """Name of the distribution that it was scored on, or the folder of a user's own references."""
    worlds_sha256: str
    """Of that distribution: numbers under two checksums are not comparable."""
    world_seed: int | None
    """Of the items; None for a user's own."""
    seed: int
    """Of the model's chance and of the intervals."""
    count: int
    """Items that were asked for."""
    failures: int
    """Items for which the model gave nothing; each counts as the worst in every metric."""
    metrics: dict[str, Measurement]
    baselines: dict[str, Measurement]
    """`<metric>_<row>` -> what another system scores on the same items, or has scored where it is stored."""
    stored: tuple[str, ...] = ()
    """Names of the baselines that were not run now but stand in the record of weights, on items of their own."""
    chance: dict[str, Measurement]
    """Metric -> what an answer gets that does not depend on the question."""
    cpu_seconds: float
    notes: tuple[str, ...] = field(default=())

    def summary(self) -> dict[str, Any]:
        """The JSON object of `kinoeye eval --json`: values alone, null where a metric is not defined."""
        values = {
            name: {metric: found.value for metric, found in table.items()}
            for name, table in (("metrics", self.metrics), ("baselines", self.baselines), ("chance", self.chance))
        }
        heads = ("system", "model", "worlds", "worlds_sha256", "world_seed", "seed", "count", "failures")
        facts = {name: getattr(self, name) for name in heads}
        return to_json({**facts, **values, "cpu_seconds": round(self.cpu_seconds, 3)})

    def save(self, path: Path | str) -> None:
        """Write all of it: as a table of a row a metric where the name ends in .csv, else as JSON.

        Raises:
            InputError: the file cannot be written.
        """
        if str(path).endswith(".csv"):
            write_text(path, self.csv())
        else:
            write_json(path, write_record(self, version=VERSION))

    @classmethod
    def load(cls, path: Path | str) -> EvalReport:
        """Read a report that `save` wrote as JSON.

        Raises:
            InputError: the file is missing, damaged, or no report.
        """
        return read_record(cls, read_json(path), version=VERSION, where=str(path))

    def csv(self) -> str:
        """Lines of group, name, value, ends of the 95 % interval, and number of items."""
        lines = ["group,name,value,low,high,items"]
        for group, table in (("metric", self.metrics), ("baseline", self.baselines), ("chance", self.chance)):
            for name, found in table.items():
                label = "stored" if name in self.stored else group
                numbers = (found.value, found.low, found.high)
                shown = ["" if n is None or n != n else repr(float(n)) for n in numbers]
                lines.append(",".join([label, name, *shown, str(found.items)]))
        return "\n".join(lines) + "\n"


def stored_baselines(system: str, worlds_sha256: str, index: WeightsIndex | None = None) -> dict[str, Measurement]:
    """`<metric>_<row>` -> value of every baseline of a system whose weights do not ship.

    Args:
        system: such as "gendop".
        worlds_sha256: of what is scored now; rows that were scored on something else say nothing beside it.
        index: the record to read; None for the one that ships.
    """
    rows = [row for row in (index or WeightsIndex.read()).stored_rows(system) if row.worlds_sha256 == worlds_sha256]
    return {f"{metric}_{row.name}": Measurement(value=value) for row in rows for metric, value in row.metrics.items()}


def sha256_of(data: Any) -> str:
    """Checksum of plain data and dataclasses, as JSON with sorted keys."""
    text = json.dumps(to_json(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Stopwatch:
    """CPU-seconds of this process since it was made, all threads together."""

    def __init__(self) -> None:
        self._start = time.process_time()

    @property
    def cpu_seconds(self) -> float:
        """So many, up to now."""
        return time.process_time() - self._start
