"""Apps that get tokens in their own name (RFC 6749, section 4.4)."""

import pytest
from django.test import Client as Browser

from tests.support.oauth import basic, document, registered, token_request

pytestmark = pytest.mark.django_db


@pytest.mark.promise(63)
def test_an_app_gets_a_token_in_its_own_name_and_nothing_else() -> None:
    client, secret = registered(scopes=["reports:read"])
    fields = {"grant_type": "client_credentials", "scope": "reports:read"}
    answer = token_request(Browser(), fields, basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content
    assert document(answer).keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert document(answer)["scope"] == "reports:read"
