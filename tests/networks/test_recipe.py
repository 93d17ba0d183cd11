from itertools import islice

import pytest

from kinoeye.base.errors import InputError
from kinoeye.networks.recipe import Phase, item_numbers

PHASE = Phase(name="all", steps=1, batch_size=12, accumulation=2, lr=1.0)


def batches(phase, count, **given):
    return list(islice(item_numbers(phase, **given), count))


def test_processes_share_every_item_and_a_resumed_one_goes_on():
    first, second = (batches(PHASE, 4, rank=rank, world=2, start=0) for rank in (0, 1))
    together = [number for pair in zip(first, second, strict=True) for numbers in pair for number in numbers]
    assert together == list(range(24))
    assert batches(PHASE, 2, rank=1, world=2, start=2) == second[2:]


def test_a_batch_that_cannot_be_split_is_refused():
    with pytest.raises(InputError, match="batch_size 12 of phase all is no multiple of 10"):
        batches(PHASE, 1, rank=0, world=5, start=0)
