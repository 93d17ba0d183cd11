"""A segment director small enough to be trained by the tests of its room."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from segment_models import SIZE

from kinoeye.networks.text import Vocabulary
from kinoeye.systems.gendop.segment_recipe import SegmentRecipe, save, to_batch
from kinoeye.systems.gendop.segments import NO_CAPTION, SegmentConfig, SegmentModel
from kinoeye.systems.gendop.wording import caption_without_camera, captioned_program


@pytest.fixture(scope="session")
def learnt():
    """A small model that has seen 24 captions, and six that say nothing of a camera, often enough to know them."""
    torch.manual_seed(0)
    items = [captioned_program("train", seed, count=1 + seed % 2) for seed in range(24)]
    lessons = [*items, *(caption_without_camera(seed) for seed in range(6))]
    known = Vocabulary.of((lesson.words.inputs for lesson in lessons), least=1).words
    vocabulary = Vocabulary((NO_CAPTION, *known), buckets=256)
    model = SegmentModel(SegmentConfig(words=vocabulary.words, **SIZE))
    left_out = [
        replace(lesson, words=replace(lesson.words, words=(NO_CAPTION,), reading=())) for lesson in lessons[::4]
    ]
    batch = to_batch([*lessons, *left_out], vocabulary)
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
