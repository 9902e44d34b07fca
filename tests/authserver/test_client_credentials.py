"""Apps that get tokens in their own name (RFC 6749, section 4.4)."""

import pytest
from django.test import Client as Browser

from authserver.models import TokenFormat
from tests.support.oauth import basic, document, registered, token_request
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db


@pytest.mark.promise(63)
def test_an_app_gets_a_token_in_its_own_name_and_nothing_else() -> None:
    client, secret = registered(scopes=["reports:read"])
    fields = {"grant_type": "client_credentials", "scope": "reports:read"}
    answer = token_request(Browser(), fields, basic(client.client_id, secret))
    assert answer.status_code == 200, answer.content
    assert document(answer).keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert document(answer)["scope"] == "reports:read"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("token_format", "statements"), [(TokenFormat.JWT, 2), (TokenFormat.OPAQUE, 5)])
def test_a_token_in_its_own_name_costs_few_statements(
    token_format: TokenFormat, statements: int, servers: Servers
) -> None:
    client, secret = registered(scopes=["reports:read"], token_format=token_format)
    fields = {"grant_type": "client_credentials", "scope": "reports:read"}
    assert token_request(Browser(), fields, basic(client.client_id, secret)).status_code == 200

    with asked_of_the_database(servers) as asked:
        assert token_request(Browser(), fields, basic(client.client_id, secret)).status_code == 200

    assert len(asked.statements) == statements, asked
