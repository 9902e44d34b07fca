"""An attacker who can write to Redis cannot become an issuer.

The documents that decide whose signature counts are shared through Redis, so our own signature protects them there.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from foundation import signed_cache
from providers import cached_document
from providers.metadata import Issuer
from providers.refusal import SignInRefused
from providers.upstream import UpstreamClient
from sandbox.keys import attackers_key
from sandbox.providers import Provider
from sandbox.server import Sandbox

NewIssuer = Callable[[str], Issuer]


@pytest.fixture
def new_issuer(providers: Sandbox) -> Iterator[NewIssuer]:
    made: list[Issuer] = []

    def make(provider: str = "google") -> Issuer:
        made.append(Issuer(providers.world.issuer(Provider(provider)), UpstreamClient("test")))
        return made[-1]

    yield make
    for issuer in made:
        issuer.upstream.close()


def everything() -> dict[str, Any]:
    """Return the contents of the cache by name."""
    names = [name.decode().removeprefix(":1:") for name in cache._cache.get_client().scan_iter()]  # type: ignore[attr-defined]  # noqa: SLF001
    found = {name: cache.get(name) for name in names}
    assert any(found.values()), found
    return found


def plant(document: dict[str, Any]) -> None:
    """Overwrite everything with a document, in every format that this version or an earlier one has used."""
    now = time.time()
    texts = json.dumps({"raw": document, "fetched_at": now}), json.dumps(document)
    for name in everything():
        for shape in (texts[0], texts[1], document, {"text": texts[1], "at": now, "mac": "0" * 64}):
            cache.set(name, shape, 600)


@pytest.mark.promise(97)
def test_a_planted_key_set_is_not_trusted(providers: Sandbox, new_issuer: NewIssuer) -> None:
    true_keys = dict(new_issuer("google").keys.by_id)
    plant({"keys": [attackers_key().public_jwk()]})
    cold = new_issuer("google")

    assert cold.keys.by_id == true_keys
    newer = cold.newer_keys(cold.keys)
    assert newer is None or newer.by_id == true_keys


@pytest.mark.promise(97)
def test_a_planted_discovery_document_is_not_trusted(providers: Sandbox, new_issuer: NewIssuer) -> None:
    url = providers.world.issuer(Provider.GOOGLE)
    true = new_issuer("google").metadata
    plant({"issuer": url} | dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), f"{url}/evil"))
    cold = new_issuer("google")

    assert cold.known() is None
    assert cold.metadata == true


@pytest.mark.promise(97)
def test_the_cached_keys_of_one_issuer_are_not_used_for_another(providers: Sandbox, new_issuer: NewIssuer) -> None:
    """The signature includes the name, otherwise one issuer's keys could replace another's."""
    _ = new_issuer("keycloak").keys
    theirs = cache.get(f"document:jwks:{providers.world.issuer(Provider.KEYCLOAK)}")
    cache.set(f"document:jwks:{providers.world.issuer(Provider.GOOGLE)}", theirs, 600)
    google = new_issuer("google")

    assert theirs
    assert not set(google.keys.by_id) & set(new_issuer("keycloak").keys.by_id)


@pytest.mark.promise(97)
def test_a_withdrawn_key_does_not_come_back_with_an_old_copy(
    providers: Sandbox, new_issuer: NewIssuer, time_machine: Any
) -> None:
    """The signature includes the time, so that the store cannot make an old copy look new."""
    name = f"document:jwks:{providers.world.issuer(Provider.GOOGLE)}"
    withdrawn = set(new_issuer("google").keys.by_id)
    old = cache.get(name)
    key_id = providers.rotate_keys("google", withdraw=True)
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=cached_document.FRESH_FOR + 1))
    _ = new_issuer("google").keys
    cache.set(name, old, 600)

    assert key_id not in withdrawn
    assert set(new_issuer("google").keys.by_id) == {key_id}


@pytest.mark.promise(97)
def test_a_clock_that_was_ahead_leaves_no_copy_that_never_ages(
    providers: Sandbox, new_issuer: NewIssuer, time_machine: Any
) -> None:
    now = datetime.now(UTC)
    time_machine.move_to(now + timedelta(days=400))
    issuer = new_issuer("google")
    _ = issuer.keys
    time_machine.move_to(now)
    key_id = providers.rotate_keys("google", withdraw=True)

    assert set(issuer.keys.by_id) == set(new_issuer("google").keys.by_id) == {key_id}


@pytest.mark.parametrize("planted", [{"reason": "provider_unreachable", "detail": "x"}, "text", [], True, 7])
@pytest.mark.promise(97)
def test_a_planted_failure_prevents_no_sign_in(providers: Sandbox, new_issuer: NewIssuer, planted: object) -> None:
    url = providers.world.issuer(Provider.GOOGLE)
    for name in (f"document:discovery:{url}:failed", f"document:jwks:{url}:failed"):
        cache.set(name, planted, 600)

    assert new_issuer("google").keys.by_id


@pytest.mark.parametrize("planted", ["text", 2**60, -7, 1.5, {}, [], True])
@pytest.mark.promise(97)
def test_a_planted_rate_does_not_stop_new_keys(providers: Sandbox, new_issuer: NewIssuer, planted: object) -> None:
    issuer = new_issuer("google")
    seen = issuer.keys
    cache.set(f"jwks:{issuer.url}:forced", planted, 600)
    key_id = providers.rotate_keys("google", withdraw=True)

    newer = issuer.newer_keys(seen)
    assert newer
    assert set(newer.by_id) == {key_id}


@pytest.mark.promise(97)
def test_without_a_genuine_key_set_no_planted_one_is_used(providers: Sandbox, new_issuer: NewIssuer) -> None:
    providers.set_fault("google", "jwks_500")
    _ = new_issuer("google").metadata
    signed_cache.put("document:elsewhere", {"keys": [attackers_key().public_jwk()]}, seconds=600)
    cache.set(f"document:jwks:{providers.world.issuer(Provider.GOOGLE)}", cache.get("document:elsewhere"), 600)

    with pytest.raises(SignInRefused):
        _ = new_issuer("google").keys
