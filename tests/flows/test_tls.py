"""Cookies of a site with TLS: tested in a separate process, because settings are read once."""

import json
import os
import subprocess
import sys

import pytest

from sandbox.server import Sandbox
from tests.support.servers import Servers, product_environment

pytestmark = pytest.mark.process

SITE = "https://id.example.com"
SIGN_IN = """
import json, sys
import django
django.setup()
from django.test import Client
from sandbox.visitor import Visitor

client = Client(headers={"host": "id.example.com"})
started = client.post("/accounts/google/login/", secure=True)
finished = client.get(Visitor().pick(started.headers["Location"], "ada"), secure=True)
said = [cookie.OutputString() for answer in (started, finished) for cookie in answer.cookies.values()]
print(json.dumps({"said": said, "went": finished.headers["Location"], "asked": started.headers["Location"]}))
"""


@pytest.mark.promise(35)
@pytest.mark.django_db(transaction=True)
def test_over_tls_every_cookie_is_secure_and_the_session_cookie_is_for_this_host_only(
    servers: Servers, providers: Sandbox
) -> None:
    providers.public_url = SITE
    environment = product_environment(servers) | {"MODE": "production", "PUBLIC_URL": SITE} | providers.environment()
    answered = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SIGN_IN],
        env=os.environ | environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(answered.stdout.splitlines()[-1])

    assert told["went"] == "/accounts/"
    named = {cookie.split("=", 1)[0]: cookie for cookie in told["said"]}
    assert "__Host-sessionid" in named
    for name, cookie in named.items():
        assert "Secure" in cookie, name
        assert "HttpOnly" in cookie or "Max-Age=0" in cookie, name
        assert "Domain" not in cookie, name
        assert not name.startswith("__Host-") or "Path=/;" in f"{cookie};", name
    assert "ada" not in named["__Host-sessionid"]
