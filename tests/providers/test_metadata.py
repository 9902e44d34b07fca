"""What an issuer publishes is accepted only if it is the issuer's own, and is fetched rarely."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.base import origin_of
from providers.metadata import Issuer, Keys, Metadata, parse_keys
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamClient
from sandbox.keys import SigningKey, attackers_key
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.support.together import together

ISSUER = "https://issuer.example"
TEXTS = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
NewIssuer = Callable[[], Issuer]


@pytest.fixture
def new_issuer(providers: Sandbox) -> Iterator[NewIssuer]:
    """Issuers as other processes would have them: each with its own memory, sharing Redis."""
    made: list[Issuer] = []

    def make() -> Issuer:
        made.append(Issuer(providers.world.issuer(Provider.GOOGLE), UpstreamClient("test")))
        return made[-1]

    yield make
    for issuer in made:
        issuer.upstream.close()


def published(**changes: object) -> dict[str, Any]:
    endpoints = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    return {"issuer": ISSUER, **endpoints, **changes}


def parsed(**changes: object) -> Metadata:
    return Issuer(ISSUER, UpstreamClient("test"))._parse_metadata(published(**changes))  # noqa: SLF001  # as CachedDocument calls it


@pytest.mark.promise(12)
@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/token",
        "https://",
        "https:///token",
        "https://user@issuer.example/",
        "https://issuer.example/#f",
        "https://issuer.example:99999/",
        "https://[::1",
        "https://a.example; script-src *",
        "https://a.example, https://b.example/",
        "https://a.example'unsafe-inline'/",
        "https://*.example/",
        "https://a.example\r\nSet-Cookie: a=b",
        "https://ü.example/",
        "javascript://issuer.example/%0aalert(1)",
        "file:///etc/passwd",
        "//issuer.example/token",
        7,
        ["https://issuer.example/"],
        {},
    ],
)
def test_an_endpoint_that_is_not_an_https_url_is_refused(url: object) -> None:
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        with pytest.raises(SignInRefused) as refused:
            parsed(**{name: url})
        assert refused.value.reason is RefusalReason.METADATA_INVALID


@pytest.mark.promise(3, 12)
@pytest.mark.parametrize("issuer", ["https://issuer.example/", "https://ISSUER.example", "", None, [ISSUER]])
def test_the_document_must_be_the_configured_issuers(issuer: object) -> None:
    with pytest.raises(SignInRefused):
        parsed(issuer=issuer)


@pytest.mark.parametrize("host", ["login.example", "login.example:8443", "[2001:db8::1]:8443", "127.0.0.1"])
def test_endpoints_may_be_on_another_host(host: str) -> None:
    assert origin_of(parsed(authorization_endpoint=f"https://{host}/a?b=c").authorization_endpoint) == f"https://{host}"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(document=st.dictionaries(st.sampled_from([*published(), "userinfo_endpoint"]) | TEXTS, JSON, max_size=4))
def test_no_document_makes_the_parser_fail(document: dict[str, Any]) -> None:
    try:
        found: object = Issuer(ISSUER, UpstreamClient("test"))._parse_metadata(published() | document)  # noqa: SLF001
    except SignInRefused as refused:
        found = refused.reason
    assert isinstance(found, Metadata) or found is RefusalReason.METADATA_INVALID


@pytest.mark.promise(10)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    junk=st.lists(
        JSON
        | st.fixed_dictionaries(
            {"kty": st.sampled_from(["RSA", "EC", "oct"])},
            optional=dict.fromkeys(("n", "e", "x", "y", "crv", "kid", "alg", "use", "k"), JSON),
        )
    )
)
def test_junk_next_to_a_key_is_ignored(junk: list[Any]) -> None:
    good = attackers_key().public_jwk()

    assert parse_keys({"keys": [*junk, good]}).find(good["kid"], "RS256") is not None


@pytest.mark.promise(1)
def test_weak_private_and_symmetric_keys_are_ignored() -> None:
    good = SigningKey.make("good")
    keys = parse_keys(
        {
            "keys": [
                good.private_jwk(),
                {"kty": "oct", "kid": "o", "k": "c2VjcmV0"},
                {"kty": "RSA", "kid": "w", "n": "AQAB", "e": "AQAB"},
            ]
        }
    )

    assert keys == Keys({}, ())


@pytest.mark.promise(11)
def test_twelve_unknown_keys_cost_few_fetches(providers: Sandbox, new_issuer: NewIssuer) -> None:
    processes = [new_issuer(), new_issuer()]
    for number in range(12):
        issuer = processes[number % 2]
        assert issuer.newer_keys(issuer.keys) is None or number < 2

    assert providers.counts("google")["jwks"] <= 6
    assert providers.counts("google")["discovery"] <= 2


@pytest.mark.promise(11)
def test_six_good_sign_ins_over_two_processes_cost_at_most_two_fetches(
    providers: Sandbox, new_issuer: NewIssuer
) -> None:
    processes = [new_issuer(), new_issuer()]
    keys = [processes[number % 2].keys for number in range(6)]

    assert len({frozenset(found.by_id) for found in keys}) == 1
    assert providers.counts("google")["jwks"] <= 2
    assert providers.counts("google")["discovery"] <= 2


@pytest.mark.promise(11)
def test_many_threads_with_cold_caches_fetch_once(providers: Sandbox, new_issuer: NewIssuer) -> None:
    issuer = new_issuer()
    together(*[lambda: issuer.keys] * 8)

    assert providers.counts("google")["jwks"] == providers.counts("google")["discovery"] == 1


@pytest.mark.promise(10)
def test_a_new_key_reaches_every_process_that_sees_it(providers: Sandbox, new_issuer: NewIssuer) -> None:
    one, other = new_issuer(), new_issuer()
    before = one.keys, other.keys
    key_id = providers.rotate_keys("google", withdraw=True)
    found = together(lambda: one.newer_keys(before[0]), lambda: other.newer_keys(before[1]))

    assert [keys and list(keys.by_id) for keys in found] == [[key_id], [key_id]]


@pytest.mark.promise(12)
def test_cached_keys_are_used_while_the_provider_is_down(
    providers: Sandbox, new_issuer: NewIssuer, time_machine: Any
) -> None:
    now = datetime.now(UTC)
    issuer = new_issuer()
    keys = issuer.keys
    providers.set_fault("google", "jwks_500")
    time_machine.move_to(now + timedelta(hours=1))
    assert issuer.keys is keys
    time_machine.move_to(now + timedelta(hours=25))

    with pytest.raises(SignInRefused):
        _ = issuer.keys


@pytest.mark.promise(12)
@pytest.mark.parametrize(
    ("url", "issuer", "is_taken"),
    [
        ("https://elsewhere.example/token", "https://issuer.example", True),
        ("http://issuer.example/token", "https://issuer.example", False),
        ("http://127.0.0.1:1/token", "https://issuer.example", False),
        ("http://127.0.0.1:1/token", "http://127.0.0.1:2", True),
        ("http://localhost:1/token", "http://127.0.0.1:2", True),
        ("http://[::1]:1/token", "http://[::1]:2", True),
        ("http://10.0.0.1/token", "http://127.0.0.1:2", False),
        ("http://127.0.0.1.evil.example/token", "http://127.0.0.1:2", False),
        ("http://127.0.0.1@evil.example/token", "http://127.0.0.1:2", False),
    ],
)
def test_only_an_issuer_on_loopback_may_have_http_endpoints(url: str, issuer: str, is_taken: bool) -> None:  # noqa: FBT001  # a column
    document = {"issuer": issuer} | dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), url)
    asked = Issuer(issuer, UpstreamClient("test"))

    if is_taken:
        assert asked._parse_metadata(document).token_endpoint == url  # noqa: SLF001  # fetching is tested above
    else:
        with pytest.raises(SignInRefused, match="metadata_invalid"):
            asked._parse_metadata(document)  # noqa: SLF001
