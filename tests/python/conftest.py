"""Fixtures that several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest
from project import build


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one full demo build, with its tests; read it, don't build into it."""
    folder = tmp_path_factory.mktemp("demo")
    build(folder)
    return folder
