"""A stock Django site with django-allauth, whose people sign in with Vestibule."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from authserver.models import Consent
from tests.authserver.peers.person import SIGN_IN, Person
from tests.authserver.peers.stock import ALLAUTH, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

LOGIN, CALLBACK = ALLAUTH.login, ALLAUTH.callback


@pytest.fixture
def harbour(vestibule: str, tmp_path: Path) -> Iterator[str]:
    with running(ALLAUTH, issuer=vestibule, folder=tmp_path) as url:
        yield url


def test_a_person_signs_in_at_a_stock_site_and_again_without_a_page(harbour: str, ada: Person) -> None:
    page = ada.goes_to(f"{harbour}{LOGIN}")
    first = ada.goes_on(ada.presses(page, ""))
    ada.browser.cookies.clear(domain="127.0.0.1")
    nobody = ada.goes_to(f"{harbour}/me")
    again = ada.goes_on(ada.presses(ada.goes_to(f"{harbour}{LOGIN}"), ""))

    user = User.objects.get()
    assert first.json() == again.json() == {"email": user.email, "signed_in": True}
    assert not nobody.json()["signed_in"]
    assert ada.pages == [SIGN_IN, "/oauth/authorize"]
    assert Consent.objects.get(user=user).scopes


def test_a_stock_site_refuses_an_answer_with_another_state(harbour: str, ada: Person) -> None:
    started = ada.presses(ada.goes_to(f"{harbour}{LOGIN}"), "")
    answer = ada.is_sent_to(f"{harbour}{CALLBACK}", started.headers["Location"])

    ada.goes_to(answer.replace("state=", "state=x"))

    assert not ada.goes_to(f"{harbour}/me").json()["signed_in"]


def test_a_person_who_does_not_agree_is_not_signed_in(harbour: str, ada: Person) -> None:
    ada.answer = "refuse"

    ada.goes_on(ada.presses(ada.goes_to(f"{harbour}{LOGIN}"), ""))

    assert ada.pages == [SIGN_IN, "/oauth/authorize"]
    assert not ada.goes_to(f"{harbour}/me").json()["signed_in"]
