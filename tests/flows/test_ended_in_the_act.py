"""A person whose session ends while they act in it returns to the same page after signing in.

The kind of fault: the act is refused at its very end, after its transaction is rolled back, where the page that it was
on is no longer known.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from accounts.models import User
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import APP, CODES, add_app
from tests.flows.proofs import let_be_proven
from tests.flows.test_epoch_races import waiting
from tests.support.authenticator import code, secret_on
from tests.support.servers import Servers
from tests.support.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("page", [APP, CODES])
def test_a_person_who_is_signed_out_at_this_moment_returns_to_the_page(
    browser: Browser, servers: Servers, page: str
) -> None:
    browser.sign_in("keycloak", "ada")
    let_be_proven(browser)
    form = {}
    if page == APP:
        form = {"code": code(secret_on(browser.get(APP).content))}
    else:
        add_app(browser)

    def end() -> None:
        waiting(servers)
        other.commit()

    with psycopg.connect(servers.runtime_url) as other:
        other.execute("SELECT FROM accounts_user FOR UPDATE")
        other.execute("DELETE FROM accounts_session WHERE user_id IS NOT NULL")
        answers: list[Any] = together(lambda: browser.post(page, form), end)
    answer = answers[0]

    assert answer.status_code == 302, answer.content
    parts = urlsplit(answer.headers["Location"])
    assert parts.path == "/accounts/login/"
    assert parse_qs(parts.query) == {"next": [page]}
    assert refusals() == ["revoked_meanwhile"]
    assert browser.account is None
    assert User.objects.get().is_active
