"""What several tests of AMG look at and none changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from upstream_folder import write_demo, write_models


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as upstream's repository, with small random networks and inputs of its applications."""
    root = tmp_path_factory.mktemp("upstream")
    write_models(root)
    write_demo(root)
    return root
