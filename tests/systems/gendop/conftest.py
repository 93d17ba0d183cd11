"""A segment director small enough to be trained by the tests of its room."""

from __future__ import annotations

import pytest
import torch
from segment_models import SIZE

from kinoeye.networks.text import Vocabulary
from kinoeye.systems.gendop.segment_recipe import SegmentRecipe, save, to_batch
from kinoeye.systems.gendop.segments import SegmentConfig, SegmentModel
from kinoeye.systems.gendop.wording import captioned_program


@pytest.fixture(scope="session")
def learnt():
    """A small model that has seen 24 captions often enough to know them."""
    torch.manual_seed(0)
    items = [captioned_program("train", seed, count=1 + seed % 2) for seed in range(24)]
    vocabulary = Vocabulary.of((item.words.inputs for item in items), least=1, buckets=256)
    model = SegmentModel(SegmentConfig(words=vocabulary.words, **SIZE))
    batch = to_batch(items, vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    recipe, generator = SegmentRecipe(), torch.Generator()
    for _ in range(150):
        loss = recipe.loss(model, batch, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval(), items


@pytest.fixture(scope="session")
def folder(learnt, tmp_path_factory):
    """The model's folder, as training writes it."""
    where = tmp_path_factory.mktemp("director")
    save(learnt[0], where)
    return where
