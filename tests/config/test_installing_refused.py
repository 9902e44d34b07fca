"""What keeps `make` from installing is said in one line: by the machine, by Python, or by the program that failed."""

from pathlib import Path

import pytest

from config import installing
from config.installing import CannotInstall, Obstructed

pytestmark = pytest.mark.process


def failed(tmp_path: Path, script: str) -> CannotInstall:
    with pytest.raises(CannotInstall) as refused:
        installing._run(["sh", "-c", script], tmp_path)  # noqa: SLF001  # as every command is run
    return refused.value


def test_a_command_that_succeeds_says_nothing(tmp_path: Path) -> None:
    installing._run(["sh", "-c", "echo done"], tmp_path)  # noqa: SLF001


def test_what_the_machine_refuses_is_no_reason_to_try_another_way(tmp_path: Path) -> None:
    refused = failed(tmp_path, "echo 'cannot write: No space left on device'; exit 1")

    assert isinstance(refused, Obstructed)
    assert str(refused).startswith(f"the disk is full at {tmp_path}")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'ensurepip is not available'; exit 1", "install python3-venv"),
        ("echo first; echo last >&2; exit 1", "last"),
        ("exit 3", "sh ended with status 3"),
    ],
)
def test_what_failed_otherwise_is_quoted_by_its_last_line(tmp_path: Path, script: str, said: str) -> None:
    refused = failed(tmp_path, script)

    assert not isinstance(refused, Obstructed)
    assert said in str(refused)


def test_a_lock_without_uv_is_none_to_begin_with() -> None:
    assert installing.uv_in("a==1\nuv==0.9 \\\n    --hash=sha256:00\nz==2\n") == "uv==0.9 \\\n    --hash=sha256:00\n"
    with pytest.raises(CannotInstall, match="uv is not in the lock"):
        installing.uv_in("a==1\n")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "taken" / "venv"
    (tmp_path / "taken").touch()

    said = installing.main(tmp_path / "lock", place)
    assert said == f"Cannot install: {place}: Not a directory"
    assert "Installing what is locked in" in capsys.readouterr().out
    assert not installing._has_pip(place)  # noqa: SLF001
