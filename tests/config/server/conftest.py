"""The product under gunicorn, started once per module, because that takes seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gunicorns import Site, running


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log: Path = tmp_path_factory.mktemp("site") / "log"
    with running(log) as site:
        yield site
