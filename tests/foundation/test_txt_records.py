"""Lookups of TXT records, with a resolver on loopback that answers by UDP and TCP."""

import time
from collections.abc import Iterator

import pytest

from foundation import txt_records as module
from foundation.txt_records import NotLookedUp, txt_records
from tests.support.resolver import FakeResolver, fake_resolver

NAME = "_vestibule.example.com"


@pytest.fixture
def resolver() -> Iterator[FakeResolver]:
    with fake_resolver() as resolver:
        yield resolver


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.4)
    monkeypatch.setattr(module, "SECONDS_OF_TRY", 0.15)


def test_every_record_of_the_name_is_returned(resolver: FakeResolver) -> None:
    resolver.publish(NAME, "one", "two")
    resolver.publish("example.com", "of another name")

    assert txt_records(NAME, resolvers=[resolver.address]) == {b"one", b"two"}
    assert resolver.asked == [("udp", NAME, "TXT")]


def test_the_strings_of_one_record_are_joined(resolver: FakeResolver) -> None:
    resolver.publish(NAME, "x" * 300)

    assert txt_records(NAME, resolvers=[resolver.address]) == {b"x" * 300}


def test_an_alias_is_followed(resolver: FakeResolver) -> None:
    resolver.publish("elsewhere.example.net", "one")
    resolver.aliases[NAME] = "elsewhere.example.net"

    assert txt_records(NAME, resolvers=[resolver.address]) == {b"one"}


@pytest.mark.parametrize("is_known", [True, False], ids=["no_such_record", "no_such_name"])
def test_a_name_without_records_has_none(resolver: FakeResolver, is_known: bool) -> None:  # noqa: FBT001  # a parameter of the test
    if is_known:
        resolver.publish(NAME)

    assert txt_records(NAME, resolvers=[resolver.address]) == frozenset()


def test_an_answer_too_large_for_a_datagram_comes_by_tcp(resolver: FakeResolver) -> None:
    texts = [f"{number:04}{'x' * 200}" for number in range(200)]
    resolver.publish(NAME, *texts)

    assert txt_records(NAME, resolvers=[resolver.address]) == {text.encode() for text in texts}
    assert [way for way, _name, _kind in resolver.asked] == ["udp", "tcp"]


@pytest.mark.parametrize("mood", ["SERVFAIL", "REFUSED", "FORMERR", "silent", "garbage"])
def test_a_resolver_that_fails_says_nothing_about_the_records(
    resolver: FakeResolver, mood: str, impatient: None
) -> None:
    resolver.publish(NAME, "one")
    resolver.mood = mood
    begun = time.monotonic()

    with pytest.raises(NotLookedUp):
        txt_records(NAME, resolvers=[resolver.address])
    assert time.monotonic() - begun < 2
    assert resolver.asked


def test_a_resolver_without_tcp_fails_for_large_answers(resolver: FakeResolver, impatient: None) -> None:
    resolver.publish(NAME, *[f"{number:04}{'x' * 200}" for number in range(20)])
    resolver.is_without_tcp = True

    with pytest.raises(NotLookedUp):
        txt_records(NAME, resolvers=[resolver.address])


def test_the_next_resolver_is_asked_if_one_fails(resolver: FakeResolver) -> None:
    resolver.publish(NAME, "one")
    with fake_resolver() as broken:
        broken.mood = "SERVFAIL"

        assert txt_records(NAME, resolvers=[broken.address, resolver.address]) == {b"one"}
    assert broken.asked


def test_where_nothing_listens_nothing_is_known(impatient: None) -> None:
    with fake_resolver() as gone:
        pass

    with pytest.raises(NotLookedUp):
        txt_records(NAME, resolvers=[gone.address])


def test_a_name_that_cannot_be_asked_for_is_not_looked_up(resolver: FakeResolver) -> None:
    with pytest.raises(NotLookedUp):
        txt_records("x" * 64 + ".example.com", resolvers=[resolver.address])
    assert resolver.asked == []
