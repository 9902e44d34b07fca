"""The programs that `make run` starts: waited for until they answer, and what they said if they do not."""

from pathlib import Path

import pytest

from config.embedded import child, directories, programs
from config.embedded.child import CannotStart
from config.embedded.programs import Programs, any_free_port, is_free, own_environment
from config.embedded.supervisor import Supervisor
from sandbox.config import default_clients
from sandbox.config import environment as sandbox_environment

pytestmark = pytest.mark.process


def made(tmp_path: Path, port: int) -> Programs:
    settings = sandbox_environment(f"http://127.0.0.1:{port}", default_clients())
    return Programs(
        place=directories.find(tmp_path), environment=own_environment(settings | {"SANDBOX_PORT": str(port)})
    )


def test_a_program_is_started_once_it_answers_and_then_has_its_port(tmp_path: Path) -> None:
    port = any_free_port()
    supervisor = Supervisor(run=tmp_path, tell=print)
    assert is_free(port)
    try:
        supervisor.start(made(tmp_path, port).sandbox(port))
        assert not is_free(port)
    finally:
        supervisor.stop()
    assert is_free(port)


def test_a_program_that_ends_at_its_start_is_quoted(tmp_path: Path) -> None:
    port = any_free_port()
    broken = made(tmp_path, port)._service("web", "no_such_program", port=port)  # noqa: SLF001  # as each is made
    supervisor = Supervisor(run=tmp_path, tell=print)
    try:
        with pytest.raises(CannotStart, match=r"(?s)it ended at its start.*No module named no_such_program"):
            supervisor.start(broken)
    finally:
        supervisor.stop()


def test_a_program_that_does_not_answer_in_time_is_not_waited_for_longer(tmp_path: Path) -> None:
    port = any_free_port()
    log = tmp_path / "log"
    silent = child.start(["sleep", "60"], environment={"PATH": "/usr/bin:/bin"}, log=log)
    try:
        with pytest.raises(CannotStart, match=f"nothing answered on port {port} within 0 s"):
            programs._wait_for_answer(silent, port, log, seconds=0.2)  # noqa: SLF001  # with little patience
    finally:
        silent.kill()
        silent.wait()


def test_a_management_command_that_fails_is_quoted_and_one_that_works_is_not(tmp_path: Path) -> None:
    product = made(tmp_path, any_free_port())

    product.manage("version")
    with pytest.raises(CannotStart, match=r"(?s)`manage.py no_such` failed: .*Unknown command"):
        product.manage("no_such")


def test_each_program_has_a_name_and_stands_on_the_servers(tmp_path: Path) -> None:
    product, port = made(tmp_path, any_free_port()), any_free_port()
    services = [product.web(port), product.worker(), product.beat(), product.sandbox(port)]

    assert [service.name for service in services] == ["web", "worker", "beat", "sandbox"]
    assert not any(service.is_base for service in services)
