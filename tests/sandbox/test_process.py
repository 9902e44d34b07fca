"""`python -m sandbox`: where it runs, where it refuses to, and how it stops."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.config import Config, ConfigRefused
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.sandbox.relying_party import fetch

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "sandbox")


def _run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.process
@pytest.mark.parametrize("mode", ["production", "", "Development"])
def test_it_runs_in_development_only(environment: dict[str, str], mode: str) -> None:
    done = _run(environment | {"MODE": mode})
    assert done.returncode == 2
    assert done.stderr == "sandbox: The sandbox runs only with MODE=development.\n"


@pytest.mark.process
def test_a_taken_port_is_one_clear_line(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = _run(environment | {"SANDBOX_PORT": port})
    assert done.returncode == 1
    assert done.stderr == f"sandbox: Cannot listen on 127.0.0.1:{port}: Address already in use.\n"


@pytest.mark.process
@pytest.mark.parametrize("wrong", [{"SANDBOX_PORT": "many"}, {"SANDBOX_PORT": "70000"}, {"PUBLIC_URL": "ftp://x"}])
def test_a_wrong_setting_is_one_clear_line(environment: dict[str, str], wrong: dict[str, str]) -> None:
    done = _run(environment | wrong)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_and_stops_within_a_second(environment: dict[str, str], number: signal.Signals) -> None:
    started = time.monotonic()
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment | {"SANDBOX_PORT": "0"}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().split()[-1]
        assert fetch(f"{base_url}/_control/state").status == 200
        ready = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
    assert ready - started < 3, "the bound is generous: shared machines are slow"
    assert time.monotonic() - ready < 2


def test_it_listens_on_loopback_only(sandbox: Sandbox) -> None:
    assert sandbox.base_url.startswith("http://127.0.0.1:")


def test_the_environment_names_clients_and_product() -> None:
    given = {
        "MODE": "development",
        "PUBLIC_URL": "http://127.0.0.1:8111/",
        "GOOGLE_CLIENT_ID": "mine",
        "GOOGLE_CLIENT_SECRET": "s3",
    }
    config = Config.from_environment(given)
    assert config.public_url == "http://127.0.0.1:8111"
    assert config.clients[Provider.GOOGLE].client_id == "mine"
    assert config.clients[Provider.GITHUB].secret == "sandbox-github-secret"
    assert config.port == 9000


def test_a_mode_is_required() -> None:
    with pytest.raises(ConfigRefused, match="MODE=development"):
        Config.from_environment({})


def test_the_product_learns_all_it_needs(sandbox: Sandbox) -> None:
    found = sandbox.environment()
    assert set(found) == {
        *(
            f"{p}_{part}"
            for p in ("GOOGLE", "MICROSOFT", "GITHUB", "KEYCLOAK")
            for part in ("CLIENT_ID", "CLIENT_SECRET")
        ),
        *(f"{p}_ISSUER" for p in ("GOOGLE", "MICROSOFT", "KEYCLOAK")),
        "MICROSOFT_GRAPH_URL",
        "GITHUB_URL",
        "GITHUB_API_URL",
    }
    assert found["KEYCLOAK_ISSUER"] == f"{sandbox.base_url}/keycloak/realms/vestibule"


def test_it_can_be_started_again(sandbox: Sandbox) -> None:
    another = Sandbox()
    for _ in range(2):
        with another:
            assert fetch(f"{another.base_url}/").status == 200
