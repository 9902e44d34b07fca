"""docs/seeds.md: each example of the seeds has its counterpart, and every request on the page works as it is there."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from clients.examples.fastapi_backend.main import create_app, verifier_of
from config.embedded.programs import any_free_port
from config.management.commands import demo
from config.settings.env import ENV
from config.variables import CHECKOUT
from sandbox.server import Sandbox
from tests.authserver.peers.conftest import vestibule
from tests.authserver.peers.person import Person
from tests.clients.backend import listening

__all__ = ["vestibule"]

PAGE = (CHECKOUT / "docs" / "seeds.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [  # of the seeds: addresses, and functions that guard them
    "GET /api/me", "GET /api/public", "/api/protected", "/api/profile", "/users/me", "GET /users/profile",
    "GET /api/admin/users", "GET /api/tenant/resources", "POST /api/tenant/resources", "POST /api/org/settings",
    "GET /api/content/{id}", "GET /api/admin/tenant/analytics", "DELETE /api/resource/{id}", "POST /api/data",
    "POST /api/admin/clients/register", "POST /register", "POST /token/refresh", "POST /logout", "/login/{provider}",
    "GET /health", "require_hardware_tier", "require_scope", "expand_scopes", "check_resource_scope",
    "ALLOWED_SERVICES", "get_auth_result", "destroy_all_user_sessions", "is_token_revoked", "TokenRefreshMiddleware",
    "AuditLog",
]  # fmt: skip
ANSWERS = [  # in this order
    '"kind":"person"', '"kind":"person"', '"org_role": "owner"', "Everybody reads this.", "401\n",
    '"email": "priya@example.com"', '"missing":[{"scope":"users:read"}]',
    '"type": "access.refused"', '"role": "owner"', '"slug": "analytical-engines"',
    '"type": "access.refused"', '"session_idle_minutes": 30', '"email": "rosa@example.com"', '"is_service":false',
    '{"tenant_id":', "Your computer can do this.", "lacks the scope members:read",
    '"name": "My Backend Service"', '["Ada","Grace"]',
    "lacks the tier tier3", '"issuer":', '"keys":', '"status": "ok"', "401\n",
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_seeds_is_on_the_page(example: str) -> None:
    assert example in PAGE


@pytest.fixture
def script(vestibule: str, providers: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page as one script, for a Vestibule with the demo's data and a back end beside it."""
    port = int(providers.base_url.rpartition(":")[2])
    password = type(ENV.demo_admin_password)("demo password")
    chosen = {"sandbox_port": port, "demo_admin_name": "admin", "demo_admin_password": password}
    monkeypatch.setattr(demo, "ENV", ENV.model_copy(update=chosen))
    call_command("demo")
    own = any_free_port()
    url = f"http://127.0.0.1:{own}"
    with listening(create_app(verifier_of(vestibule, f"{url}/")), own):
        text = "set -euo pipefail\n" + "\n".join(BLOCKS)
        yield text.replace("http://127.0.0.1:8000", vestibule).replace("http://127.0.0.1:8100", url)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("curl") and not os.environ.get("CI"), reason="no curl here")
def test_every_request_on_the_page_works(script: str, providers: Sandbox, tmp_path: Path) -> None:
    grace, said = Person(providers, provider="keycloak", persona="grace"), list[str]()
    printed = tmp_path / "printed"
    with (
        printed.open("w") as output,
        subprocess.Popen(
            ["bash", "-c", script],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        ) as shell,
    ):
        assert shell.stdin
        assert shell.stderr
        for line in shell.stderr:
            said.append(line)
            if opened := re.search(r"Open (\S+), sign in", line):
                grace.goes_to(opened[1])
                shell.stdin.write("\n")
                shell.stdin.flush()

    answers = printed.read_text()
    assert shell.returncode == 0, "".join(said) + answers
    in_order = ".*".join(map(re.escape, ANSWERS))
    assert re.search(in_order, answers, re.DOTALL), answers
    assert not re.search(in_order, answers.replace("tier tier3", "tier"), re.DOTALL)
