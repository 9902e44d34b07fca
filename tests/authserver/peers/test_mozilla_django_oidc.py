"""A stock Django site with mozilla-django-oidc, whose people sign in with Vestibule."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from tests.authserver.peers.person import SIGN_IN, Person
from tests.authserver.peers.stock import MOZILLA, running
from tests.support.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

LOGIN, CALLBACK = MOZILLA.login, MOZILLA.callback


@pytest.fixture
def harbour(vestibule: str, tmp_path: Path) -> Iterator[str]:
    with running(MOZILLA, issuer=vestibule, folder=tmp_path, RENEW_SECONDS="2") as url:
        yield url


def test_a_person_signs_in_at_a_stock_site_which_renews_silently(harbour: str, ada: Person) -> None:
    first = ada.goes_to(f"{harbour}{LOGIN}")
    until(lambda: ada.opens(f"{harbour}/me").is_redirect, seconds=30)
    asked = ada.opens(f"{harbour}/me").headers["Location"]
    renewed = ada.goes_to(asked)

    user = User.objects.get()
    assert first.json() == renewed.json() == {"email": user.email, "signed_in": True}
    assert "prompt=none" in asked
    assert ada.pages == [SIGN_IN, "/oauth/authorize"]


def test_a_stock_site_refuses_an_answer_with_another_state(harbour: str, ada: Person) -> None:
    started = ada.opens(f"{harbour}{LOGIN}")
    answer = ada.is_sent_to(f"{harbour}{CALLBACK}", started.headers["Location"])

    page = ada.goes_to(answer.replace("state=", "state=x"))

    assert page.status_code == 400
    assert not ada.goes_to(f"{harbour}/me").json()["signed_in"]


def test_a_stock_site_refuses_the_id_token_of_another_request(harbour: str, ada: Person) -> None:
    started = ada.opens(f"{harbour}{LOGIN}")
    answer = ada.is_sent_to(f"{harbour}{CALLBACK}", started.headers["Location"].replace("nonce=", "nonce=x"))

    page = ada.goes_to(answer)

    assert page.status_code == 400
    assert not ada.goes_to(f"{harbour}/me").json()["signed_in"]
