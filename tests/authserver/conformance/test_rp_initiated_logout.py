"""The modules of the RP-initiated logout plan."""

import jwt
import pytest

from authserver.keys import pairs
from authserver.models import SigningAlgorithm
from tests.authserver.conformance.browser import OP, SUITE, Arrival, Page
from tests.authserver.conformance.suite import AFTER_LOGOUT, SignedIn, Suite, unsigned

pytestmark = pytest.mark.django_db

DONE = "You are signed out"


@pytest.fixture
def signed_in(suite: Suite) -> SignedIn:
    found = suite.sign_in()
    suite.person.seen.clear()
    return found


def usual(signed_in: SignedIn) -> dict[str, str]:
    """Return the parameters of the suite's ordinary request."""
    return {"id_token_hint": signed_in.tokens["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "a state"}


def without(parameters: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name not in names}


def is_refused(suite: Suite, parameters: dict[str, str]) -> bool:
    """Whether a request ends on a page that a script recognises as a refusal, and the person stays signed in."""
    place = suite.log_out(**parameters)
    assert isinstance(place, Page)
    is_page = place.status == 400 and 'id="logout-refused"' in place.text and SUITE not in place.text
    return is_page and not suite.is_signed_out()


def is_done(suite: Suite, parameters: dict[str, str]) -> bool:
    """Whether a request ends on the page that says so, after a question, and the person is signed out."""
    place = suite.log_out(**parameters)
    assert isinstance(place, Page)
    assert suite.person.seen == ["/oauth/logout", "/oauth/logout"], "it asks first"
    return place.status == 200 and DONE in place.text and suite.is_signed_out()


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: Suite) -> None:
    """The metadata names an `end_session_endpoint` with https."""
    assert suite.metadata["end_session_endpoint"].startswith(f"{OP}/")


@pytest.mark.promise(36)
def test_oidcc_rp_initiated_logout(suite: Suite, signed_in: SignedIn) -> None:
    """The person is asked, signed out and sent back with the `state`; `prompt=none` is then `login_required`."""
    place = suite.log_out(**usual(signed_in))

    assert place == Arrival(url=AFTER_LOGOUT, method="GET", parameters={"state": "a state"})
    assert suite.person.seen == ["/oauth/logout"]
    assert suite.is_signed_out()


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite: Suite, signed_in: SignedIn) -> None:
    """A URI that is not registered gets an error page, no redirect, and nobody is signed out."""
    assert is_refused(suite, usual(signed_in) | {"post_logout_redirect_uri": f"{AFTER_LOGOUT}/other"})


def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite: Suite, signed_in: SignedIn) -> None:
    """A hint that was changed to `alg: none` gets an error page, no redirect, and nobody is signed out."""
    assert is_refused(suite, usual(signed_in) | {"id_token_hint": unsigned(signed_in.claims)})


def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite: Suite, signed_in: SignedIn) -> None:
    """A hint with the signature of another key gets an error page, no redirect, and nobody is signed out."""
    header = jwt.get_unverified_header(signed_in.tokens["id_token"])
    foreign = pairs.generate(SigningAlgorithm.RS256).pem
    forged = jwt.encode(signed_in.claims, foreign, algorithm="RS256", headers={"kid": header["kid"]})

    assert is_refused(suite, usual(signed_in) | {"id_token_hint": forged})


def test_oidcc_rp_initiated_logout_no_id_token_hint(suite: Suite, signed_in: SignedIn) -> None:
    """A URI without a hint that says whose it is gets an error page, no redirect, and nobody is signed out."""
    assert is_refused(suite, without(usual(signed_in), "id_token_hint"))


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(suite: Suite, signed_in: SignedIn) -> None:
    """A registered URI with a query that was added gets an error page, no redirect, and nobody is signed out."""
    assert is_refused(suite, usual(signed_in) | {"post_logout_redirect_uri": f"{AFTER_LOGOUT}?foo=bar"})


@pytest.mark.usefixtures("signed_in")
def test_oidcc_rp_initiated_logout_no_params(suite: Suite) -> None:
    """Without parameters the person is asked, signed out, and sees that they are."""
    assert is_done(suite, {})


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite: Suite, signed_in: SignedIn) -> None:
    """Without a URI the person is asked, signed out, and sees that they are."""
    assert is_done(suite, without(usual(signed_in), "post_logout_redirect_uri"))


@pytest.mark.usefixtures("signed_in")
def test_oidcc_rp_initiated_logout_only_state(suite: Suite) -> None:
    """With `state` alone the person is asked, signed out, and sees that they are."""
    assert is_done(suite, {"state": "a state"})


def test_oidcc_rp_initiated_logout_no_state(suite: Suite, signed_in: SignedIn) -> None:
    """Without `state` the person is asked, signed out and sent back without one."""
    place = suite.log_out(**without(usual(signed_in), "state"))

    assert place == Arrival(url=AFTER_LOGOUT, method="GET", parameters={})
    assert suite.is_signed_out()
