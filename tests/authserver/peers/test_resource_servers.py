"""PyJWT and joserfc, Python libraries, at resource servers that verify access tokens offline, by the published keys."""

import re
from typing import Any

import jwt
import pytest
import requests
from joserfc import jwt as joserfc
from joserfc.jwk import KeySet

from authserver.models import SigningAlgorithm
from config.variables import CHECKOUT
from tests.authserver.peers.person import SECONDS
from tests.support.oauth import registered

pytestmark = pytest.mark.django_db(transaction=True)

API = "https://harbour.example/api"


DOCUMENT = CHECKOUT / "docs" / "auth-server.md"


def token(issuer: str, algorithm: SigningAlgorithm, *, audience: str = API) -> str:
    """Return an access token for the resource server, of a program that acts in its own name."""
    machine, secret = registered(resources=[audience], signing_algorithm=algorithm)
    form = {"grant_type": "client_credentials", "resource": audience}
    answer = requests.post(f"{issuer}/oauth/token", form, auth=(machine.client_id, secret), timeout=SECONDS)
    text: str = answer.json()["access_token"]
    return text


@pytest.mark.parametrize("algorithm", [SigningAlgorithm.RS256, SigningAlgorithm.ES256])
def test_pyjwt_verifies_a_token_and_refuses_it_elsewhere(vestibule: str, algorithm: SigningAlgorithm) -> None:
    text = token(vestibule, algorithm)
    key = jwt.PyJWKClient(f"{vestibule}/oauth/jwks").get_signing_key_from_jwt(text).key

    claims = jwt.decode(text, key, algorithms=[algorithm], audience=API, issuer=vestibule)

    assert claims["client_id"]
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(text, key, algorithms=[algorithm], audience="https://another.example", issuer=vestibule)


def test_the_sample_in_the_documentation_verifies_a_token_and_takes_no_other(vestibule: str) -> None:
    samples = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (sample,) = [sample for sample in samples if "claims_of" in sample]
    names: dict[str, Any] = {}
    exec(sample.replace("http://127.0.0.1:8000", vestibule), names)  # noqa: S102  # our own document
    theirs = token(vestibule, SigningAlgorithm.ES256, audience=names["AUDIENCE"])

    assert names["claims_of"](theirs)["aud"] == names["AUDIENCE"]
    for other in (token(vestibule, SigningAlgorithm.RS256), theirs[:-8] + "AAAAAAAA", jwt.encode({}, "x" * 32)):
        with pytest.raises(jwt.InvalidTokenError):
            names["claims_of"](other)


@pytest.mark.parametrize("algorithm", list(SigningAlgorithm))
def test_joserfc_verifies_a_token_of_every_algorithm(vestibule: str, algorithm: SigningAlgorithm) -> None:
    text = token(vestibule, algorithm)
    keys = KeySet.import_key_set(requests.get(f"{vestibule}/oauth/jwks", timeout=SECONDS).json())

    claims = joserfc.decode(text, keys, algorithms=[algorithm]).claims

    assert claims["aud"] == API
