"""The signing keys: generated once, replaced with overlap, withdrawn at once, and never missing."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from audit.models import Entry
from authserver.keys import pairs, ring, rotation, stored
from authserver.keys.stored import KeyState
from authserver.models import SigningAlgorithm, TokenSigningKey
from authserver.tasks import rotate_signing_keys
from authserver.tokens import jwts
from foundation import lifetimes
from jobs import purging
from tests.support.oauth import basic, registered, token_request
from tests.support.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_signing_keys")]

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
RS256, ES256, ED25519 = SigningAlgorithm.RS256, SigningAlgorithm.ES256, SigningAlgorithm.ED25519
Travel = Callable[[timedelta], None]


@pytest.fixture
def travel(time_machine: Any) -> Travel:
    """Begin at a fixed moment, and give a function that moves every clock of this process ahead."""
    time_machine.move_to(NOW, tick=False)

    def ahead(by: timedelta) -> None:
        time_machine.shift(by)
        ring.forget()

    return ahead


def signed(algorithm: SigningAlgorithm = RS256) -> str:
    now = int(timezone.now().timestamp())
    claims = {"iss": "http://testserver", "sub": "someone", "iat": now, "exp": now + 600}
    return jwts.sign(claims, typ=jwts.ACCESS, algorithm=algorithm)


def is_accepted(token: str, *, as_hint: bool = False) -> bool:
    try:
        jwts.verify(token, typ=jwts.ACCESS, is_over_allowed=as_hint)
    except jwts.TokenRefused:
        return False
    return True


def kid() -> str:
    return ring.current().signer(RS256).kid


def published() -> set[str]:
    return {key["kid"] for key in Browser().get("/oauth/jwks").json()["keys"]}


def state(key: str) -> KeyState:
    return stored.states(TokenSigningKey.objects.all(), timezone.now())[key]


def events() -> list[str]:
    return list(Entry.objects.filter(action__startswith="signing_key.").order_by("id").values_list("action", flat=True))


@pytest.fixture(autouse=True)
def _issuer(settings: Any) -> None:
    settings.PUBLIC_URL = "http://testserver"


@pytest.mark.promise(66)
def test_a_site_without_keys_generates_one_of_each_algorithm() -> None:
    found = ring.current()
    assert [pair.algorithm for pair in found.published] != []
    assert {pair.algorithm for pair in found.published} == set(SigningAlgorithm) == set(found.signing)
    assert TokenSigningKey.objects.count() == 3
    assert events() == ["signing_key.published"] * 3
    assert "PRIVATE" not in str(list(TokenSigningKey.objects.values()))


@pytest.mark.promise(66)
def test_a_successor_is_published_an_hour_before_it_signs(travel: Travel) -> None:
    old = kid()
    rotated = rotation.rotate()
    (new,) = [row.kid for row in rotated.published if row.algorithm == RS256]
    assert {old, new} <= published()
    assert (kid(), state(old), state(new)) == (old, KeyState.SIGNING, KeyState.WAITING)
    assert lifetimes.KEY_ANNOUNCED > 2 * lifetimes.PUBLISHED_KEYS

    travel(lifetimes.KEY_ANNOUNCED - timedelta(seconds=1))
    assert kid() == old
    travel(timedelta(seconds=1))
    assert (kid(), state(old), state(new)) == (new, KeyState.VERIFYING, KeyState.SIGNING)


@pytest.mark.promise(66)
def test_old_tokens_stay_valid_until_they_expire(travel: Travel) -> None:
    ring.current()
    rotation.rotate()
    travel(lifetimes.KEY_ANNOUNCED - timedelta(seconds=1))
    old, token = kid(), signed()
    travel(timedelta(seconds=1))
    assert kid() != old
    assert is_accepted(token)
    travel(timedelta(seconds=598))
    rotate_signing_keys()
    assert is_accepted(token)
    assert old in published()
    travel(timedelta(seconds=1))
    assert not is_accepted(token)

    travel(lifetimes.KEY_OVERLAP)
    rotate_signing_keys()
    assert old not in published()
    assert state(old) is KeyState.RETIRED
    assert TokenSigningKey.objects.get(pk=old).private_key == ""
    assert events().count("signing_key.retired") == 3


@pytest.mark.promise(66)
def test_no_token_can_outlive_the_publication_of_its_key() -> None:
    longest = int(lifetimes.KEY_OVERLAP.total_seconds())
    assert longest > max(lifetimes.ACCESS_TOKEN, lifetimes.ID_TOKEN).total_seconds() + 2 * 60
    with pytest.raises(ValueError, match="still published"):
        jwts.sign({"iat": 0, "exp": longest}, typ=jwts.ACCESS, algorithm=RS256)


def test_a_retired_key_still_recognises_an_id_token_that_comes_back_as_a_hint(travel: Travel) -> None:
    token = signed()
    rotation.rotate()
    travel(timedelta(days=1))
    rotate_signing_keys()
    assert (is_accepted(token), is_accepted(token, as_hint=True)) == (False, True)
    changed = TokenSigningKey.objects.get(removed_at__isnull=False, algorithm=RS256)
    changed.public_jwk = {**pairs.generate(RS256).public_jwk, "kid": changed.kid}
    changed.save()
    ring.forget()
    assert not is_accepted(token, as_hint=True)


@pytest.mark.promise(66)
def test_the_job_replaces_every_key_after_its_time_and_nothing_before(travel: Travel) -> None:
    first = kid()
    travel(lifetimes.KEY_ROTATION)
    rotate_signing_keys()
    assert published() == {pair.kid for pair in ring.current().signing.values()}
    travel(timedelta(seconds=1))
    rotate_signing_keys()
    rotate_signing_keys()
    assert len(published()) == 6
    travel(timedelta(days=1))
    rotate_signing_keys()
    assert len(published()) == 3
    assert first not in published()


@pytest.mark.promise(66)
def test_a_rotation_of_a_site_without_keys_generates_them() -> None:
    assert {row.kid for row in rotation.rotate().published} == {pair.kid for pair in ring.current().signing.values()}


def test_a_second_rotation_finds_the_successors_of_the_first() -> None:
    ring.current()
    assert len(rotation.rotate().published) == 3
    assert rotation.rotate().published == []
    assert len(published()) == 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(66)
def test_eight_processes_that_rotate_at_once_make_one_key() -> None:
    together(*[ring.current] * 8)
    assert TokenSigningKey.objects.count() == 3
    together(*[rotation.rotate] * 8)
    assert TokenSigningKey.objects.count() == 6
    together(*[lambda: rotation.withdraw(kid())] * 4)
    assert TokenSigningKey.objects.filter(is_withdrawn=True).count() >= 1
    assert {pair.algorithm for pair in ring.current().signing.values()} == set(SigningAlgorithm)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_rolled_back_leaves_no_key_behind_in_memory() -> None:
    with transaction.atomic():
        lost = kid()
        transaction.set_rollback(True)
    assert kid() != lost
    assert TokenSigningKey.objects.filter(pk=kid()).exists()


@pytest.mark.django_db(transaction=True)
def test_first_requests_that_hold_transactions_do_not_wait_for_each_other() -> None:
    def first_request() -> str:
        with transaction.atomic():
            found = kid()
            time.sleep(0.05)
            return found if found == kid() else ""

    assert set(together(*[first_request] * 6)) == {kid()}


@pytest.mark.promise(66)
def test_a_withdrawn_key_counts_no_more_and_another_signs_at_once() -> None:
    old, token, others = kid(), signed(), signed(ES256)
    assert is_accepted(token)
    found = rotation.withdraw(old)
    assert (found.key.kid, [row.algorithm for row in found.successors]) == (old, [RS256])
    assert kid() == found.successors[0].kid != old
    assert old not in published()
    assert not is_accepted(token)
    assert not is_accepted(token, as_hint=True)
    assert is_accepted(others)
    assert is_accepted(signed())
    assert TokenSigningKey.objects.get(pk=old).private_key == ""
    assert events()[-2:] == ["signing_key.withdrawn", "signing_key.published"]


@pytest.mark.promise(66)
def test_an_endpoint_refuses_what_a_withdrawn_key_has_signed() -> None:
    client, secret = registered()
    auth = basic(client.client_id, secret)

    def issued() -> str:
        answer: Any = token_request(Browser(), {"grant_type": "client_credentials"}, auth)
        token: str = answer.json()["access_token"]
        return token

    def is_active(token: str) -> bool:
        answer: Any = token_request(Browser(), {"token": token}, auth, path="/oauth/introspect")
        active: bool = answer.json()["active"]
        return active

    before = issued()
    assert is_active(before)
    rotation.withdraw(kid())
    assert not is_active(before)
    assert is_active(issued())


def test_the_key_that_waits_takes_the_place_of_a_withdrawn_one() -> None:
    old = kid()
    (waiting,) = [row for row in rotation.rotate().published if row.algorithm == RS256]
    (successor,) = rotation.withdraw(old).successors
    assert successor.kid == waiting.kid == kid()


def test_a_withdrawn_key_that_no_longer_signed_needs_no_successor(travel: Travel) -> None:
    old = kid()
    rotation.rotate()
    travel(lifetimes.KEY_ANNOUNCED)
    assert rotation.withdraw(old).successors == []
    assert rotation.withdraw(old).successors == []
    assert events().count("signing_key.withdrawn") == 1
    assert old not in published()


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(66)
def test_another_process_refuses_the_tokens_of_a_withdrawn_key_within_two_seconds() -> None:
    token, old = signed(), kid()
    assert is_accepted(token)
    TokenSigningKey.objects.filter(pk=old).update(removed_at=timezone.now(), is_withdrawn=True)  # as others do it
    withdrawn_at = time.monotonic()
    while is_accepted(token):
        assert time.monotonic() - withdrawn_at < 2
        time.sleep(0.05)
    assert kid() != old


@pytest.mark.django_db(transaction=True)
def test_keys_are_read_once_in_a_second_and_not_for_each_token(django_assert_max_num_queries: Any) -> None:
    signed()
    TokenSigningKey.objects.update(created_at=timezone.now() - timedelta(days=1))
    signed()
    with django_assert_max_num_queries(2):
        for _ in range(20):
            assert is_accepted(signed())


def test_a_clock_that_was_a_year_ahead_leaves_keys_that_sign_and_are_replaced(travel: Travel) -> None:
    ahead = timezone.now() + timedelta(days=365)
    with stored.one_change():
        wrong = {stored.publish(one, now=ahead, active_at=ahead).kid for one in SigningAlgorithm}
    assert kid() in wrong
    rotate_signing_keys()
    assert len(published()) == 6
    travel(lifetimes.KEY_ANNOUNCED)
    assert kid() not in wrong
    travel(lifetimes.KEY_OVERLAP + timedelta(seconds=1))
    rotate_signing_keys()
    assert published().isdisjoint(wrong)
    assert len(published()) == 3


def test_a_key_from_the_future_does_not_replace_one_that_signs(travel: Travel) -> None:
    right = kid()
    travel(timedelta(days=1))
    ahead = timezone.now() + timedelta(days=365)
    with stored.one_change():
        wrong = stored.publish(RS256, now=ahead, active_at=ahead)
    assert kid() == right
    rotate_signing_keys()
    assert state(wrong.kid) is KeyState.RETIRED
    assert kid() == right


def test_a_key_that_cannot_be_decrypted_does_not_count_and_another_signs(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token, old = signed(), kid()
    settings.SECRET_KEY = "another key with which nothing was encrypted so far, of some length"
    ring.forget()
    assert kid() != old
    assert not is_accepted(token)
    assert is_accepted(signed())
    assert f"signing key {old} cannot be read" in caplog.text
    assert TokenSigningKey.objects.filter(pk=old, removed_at=None).exists()


def test_a_private_key_that_was_moved_to_another_row_does_not_count() -> None:
    ring.current()
    rows = TokenSigningKey.objects.filter(algorithm=ES256)
    rows.update(private_key=TokenSigningKey.objects.get(algorithm=RS256).private_key)
    before = rows.get().kid
    ring.forget()
    assert ring.current().signer(ES256).kid != before


def test_removed_keys_are_purged_when_no_session_can_know_their_tokens() -> None:
    ring.current()
    TokenSigningKey.objects.update(removed_at=timezone.now())
    purging.purge()
    assert TokenSigningKey.objects.count() == 3
    TokenSigningKey.objects.update(removed_at=timezone.now() - lifetimes.KEY_REMEMBERED - timedelta(days=1))
    purging.purge()
    assert TokenSigningKey.objects.count() == 0
    assert Entry.objects.get(action="signing_key.purged").details == {"count": 3, "finished": True}
