"""The embedded servers: an error of one line reports a missing wheel, with the remedy."""

from pathlib import Path

import pytest

from config.embedded import directories, postgres, valkey
from config.embedded.child import CannotStart
from config.embedded.programs import any_free_port


@pytest.mark.parametrize("server", [postgres, valkey], ids=["postgres", "valkey"])
def test_a_missing_wheel_is_reported_in_one_line_with_the_remedy(
    server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WHEEL", "a_wheel_that_nobody_installed")
    where = directories.find(tmp_path)
    missing = (
        postgres.Postgres(place=where, superuser_password="x")
        if server is postgres
        else valkey.Valkey(place=where, port=any_free_port(), password="x")
    )

    with pytest.raises(CannotStart, match=r"^\w+'s wheel is missing: run `make setup`, or give [A-Z_ and]+$"):
        missing.start()
