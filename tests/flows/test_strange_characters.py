"""No address fails for what a text may contain: every page and endpoint gets strange texts wherever it reads one.

The kind of fault: a text reaches PostgreSQL, a header or a conversion that cannot have it. The API has its own tests.
"""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from accounts.models import User
from sandbox.server import Sandbox
from tests.flows.test_rows_of_strangers import JUNK, NAMES, addresses
from tests.support.administrator import root
from tests.support.proven import proven

__all__ = ["root"]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]

OF_OAUTH = (
    "response_type client_id redirect_uri scope nonce prompt max_age acr_values login_hint id_token_hint user_code "
    "request_uri claims code_challenge client_secret client_assertion resource grant_type refresh_token"
)
OF_LISTS = (
    "o e page since until actor person user _popup _to_field _changelist_filters id__exact at__gte tenant__id__exact"
)
FIELDS = [*NAMES.split(), *OF_OAUTH.split(), *OF_LISTS.split(), "next"]
STRANGE = {
    "NUL": "a%00b",
    "half a surrogate pair": "%ed%a0%80",
    "a long number": "9" * 30,
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_strange_texts_are_answered(text: str, root: User, providers: Sandbox) -> None:
    browser = proven(root, Client(raise_request_exception=False))
    form = "&".join(f"{name}={text}" for name in FIELDS)
    for address in sorted({*addresses(get_resolver())}):
        path = f"/{address}".replace(JUNK["str"], text)
        for method, target, body in (("GET", f"{path}?{form}", ""), ("POST", f"/{address}", form)):
            savepoint = transaction.savepoint()
            answer: Any = browser.generic(method, target, body, content_type="application/x-www-form-urlencoded")
            b"".join(answer)
            transaction.savepoint_rollback(savepoint)
            assert answer.status_code < 500, (method, target[:200])
