"""What a back end refuses: tokens in the wrong place, forged ones, and good ones that are no access tokens for it."""

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from authserver.keys import pairs, ring
from authserver.models import SigningAlgorithm
from tests.clients.backend import API, Backend, service_token, tokens_of
from tests.clients.forging import by_key, by_secret, claims_for, compact, listening, part, unpart

pytestmark = pytest.mark.django_db(transaction=True)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
RS256 = SigningAlgorithm.RS256


def header(**changed: Any) -> dict[str, Any]:
    return {"alg": "RS256", "typ": "at+jwt", "kid": ring.current().signer(RS256).kid, **changed}


def good(**changed: Any) -> dict[str, Any]:
    return claims_for(settings.PUBLIC_URL, API, **changed)


def signed(claims: object, **changed: Any) -> str:
    """Return a token that is signed with Vestibule's own key, with other claims or another header."""
    return compact(header(**changed), claims, by_key(ring.current().signer(RS256).private))


def accepted(backend: Backend, tokens: dict[str, str]) -> list[str]:
    """Return the names of those that are not refused with 401 and the error code ``invalid_token``."""
    answers = {name: backend.get("/me", token) for name, token in tokens.items()}
    return [
        f"{name}: {answer.status_code} {answer.text}"
        for name, answer in answers.items()
        if answer.status_code != 401 or 'error="invalid_token"' not in answer.headers["WWW-Authenticate"]
    ]


# Where a token may be


@pytest.mark.promise(67)
def test_only_the_header_authorization_carries_a_token(backend: Backend) -> None:
    token = service_token()
    challenge = 'Bearer realm="harbour.example", resource_metadata="https://harbour.example/.well-known/'

    for headers in ({}, {"Authorization": f"Basic {token}"}, {"Authorization": token}, {"X-Authorization": token}):
        missing = backend.get("/me", **headers)
        assert missing.status_code == 401
        assert missing.headers["WWW-Authenticate"] == f'{challenge}oauth-protected-resource/api"'
    for name, auth in itertools.product(("access_token", "access%5Ftoken", "a=b&access_token"), (None, token)):
        answer = backend.get(f"/me?{name}={token}", auth)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert requests.post(f"{backend.url}/me", {"access_token": token}, timeout=9).status_code == 405, "no form is read"
    assert backend.get("/me?my_access_token=1", token).status_code == 200
    assert backend.status(token) == 200


@pytest.mark.promise(67)
def test_two_tokens_in_one_request_are_refused(backend: Backend) -> None:
    token = service_token()

    assert backend.get("/me", Authorization=f"Bearer {token},Bearer {token}").status_code == 400
    assert backend.get("/me", Authorization=f"Bearer {token} {token}").status_code == 400
    assert backend.get("/me", Authorization="Bearer ").status_code == 400
    assert backend.get("/me", Authorization=f"bEARER {token}").status_code == 200


# Signatures


@pytest.mark.promise(68)
def test_no_forged_signature_gets_in_and_no_link_in_a_token_is_fetched(backend: Backend) -> None:
    ours, theirs = ring.current().signer(RS256), pairs.generate(RS256)
    pem = ours.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = ours.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = {**theirs.public_jwk, "kid": ours.kid}
    curve = ring.current().signer(SigningAlgorithm.ES256)
    forge = by_key(theirs.private)
    assert backend.status(signed(good())) == 200, "so it is the signature that is refused below"
    with listening({"keys": [jwk, theirs.public_jwk]}) as (url, asked):
        links = {"jku": f"{url}/jwks", "x5u": f"{url}/certificate"}
        tokens = {
            "none": compact(header(alg="none"), good(), lambda _: b"x"),
            "None": compact(header(alg="nOnE"), good(), lambda _: b"x"),
            "HS256 with the PEM": compact(header(alg="HS256"), good(), by_secret(pem)),
            "HS256 with the DER": compact(header(alg="HS256"), good(), by_secret(der)),
            "HS256 with the modulus": compact(header(alg="HS256"), good(), by_secret(jwk["n"].encode())),
            "HS256 with nothing": compact(header(alg="HS256"), good(), by_secret(b"")),
            "another key": compact(header(), good(), forge),
            "another key, by its own name": compact(header(kid=theirs.kid), good(), forge),
            "another key in jwk": compact(header(jwk=jwk), good(), forge),
            "another key behind jku": compact(header(kid=theirs.kid, jku=links["jku"]), good(), forge),
            "another key behind x5u": compact(header(x5u=links["x5u"]), good(), forge),
            "everything": compact(header(kid=theirs.kid, jwk=jwk, x5c=["AA"], **links), good(), forge),
            "a kid that is a URL": compact(header(kid=links["jku"]), good(), forge),
            "RS384": signed(good(), alg="RS384"),
            "PS256": signed(good(), alg="PS256"),
            "ES256 named for an RSA key": signed(good(), alg="ES256"),
            "RS256 named for a P-256 key": compact(
                header(kid=curve.kid), good(), by_key(curve.private, SigningAlgorithm.ES256)
            ),
            "no kid": compact({"alg": "RS256", "typ": "at+jwt"}, good(), by_key(ours.private)),
            "a kid that is no text": signed(good(), kid=[ours.kid]),
            "crit": signed(good(), crit=["b64"], b64=True),
            "crit, empty": signed(good(), crit=[]),
        }
        assert accepted(backend, tokens) == []
        assert asked == []
        assert backend.status(signed(good(), jku=links["jku"], jwk=jwk)) == 200, "what is not read does no harm"
        assert asked == []


@pytest.mark.promise(68)
def test_no_part_of_a_token_can_be_changed(backend: Backend) -> None:
    token = service_token()
    assert backend.status(token) == 200
    head, body, signature = token.split(".")
    claims = json.loads(unpart(body))
    same_bytes = signature[:-1] + ALPHABET[ALPHABET.index(signature[-1]) ^ 1]  # only the spare bits differ
    assert unpart(same_bytes) == unpart(signature)
    tokens = {
        "more scopes": f"{head}.{part(claims | {'scope': 'members:read members:write'})}.{signature}",
        "a later end": f"{head}.{part(claims | {'exp': claims['exp'] + 1})}.{signature}",
        "the same claims, other spaces": f"{head}.{part(json.dumps(claims, indent=1).encode())}.{signature}",
        "another header": f"{part(json.loads(unpart(head)) | {'x': 1})}.{body}.{signature}",
        "the same signature, other text": f"{head}.{body}.{same_bytes}",
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{signature[:100]}",
        "a signature of zeros": f"{head}.{body}.{part(bytes(256))}",
        "padding": f"{token}==",
        "four parts": f"{token}.{signature}",
        "two parts": f"{head}.{body}",
        "truncated": token[:-9],
        "a megabyte": "A" * 60_000,  # as much as the server reads of a header
        "20,000 characters of claims": signed(good(note="x" * 20_000)),
        "names twice": compact(header(), good_twice(), by_key(ring.current().signer(RS256).private)),
        "nested deeply": signed(b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}"),
        "no object": signed([good()]),
        "no JSON": signed(b"\xff\xfe"),
        "NaN": signed(json.dumps(good(other=float("nan"))).encode()),
    }
    assert accepted(backend, tokens) == []


def good_twice() -> bytes:
    return json.dumps(good()).encode()[:-1] + b', "scope": "members:read members:write"}'


@pytest.mark.promise(68)
def test_a_token_of_a_megabyte_is_refused_without_being_read(backend: Backend) -> None:
    begun = time.perf_counter()
    for text in ("A" * 1_000_000, "A." * 500_000, f"{service_token()}{'A' * 1_000_000}"):
        with pytest.raises(Exception, match="unknown, expired") as refused:
            backend.verifier.verify_token(text)
        assert refused.value.reason == "malformed"  # type: ignore[attr-defined]  # of InvalidToken
    assert time.perf_counter() - begun < 1


@pytest.mark.promise(68)
@hypothesis_settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_character_is_changed_the_token_is_refused(backend: Backend, data: st.DataObject) -> None:
    token = signed(good())
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(f"{ALPHABET}.=%é\x00").filter(lambda one: one != token[place]))

    with pytest.raises(Exception, match="unknown, expired"):
        backend.verifier.verify_token(token[:place] + other + token[place + 1 :])


# Claims


@pytest.mark.promise(69)
def test_every_claim_of_an_access_token_is_checked(backend: Backend) -> None:
    now, issuer = int(time.time()), settings.PUBLIC_URL
    wrong: dict[str, Callable[[], dict[str, Any]]] = {
        "another issuer": lambda: good(iss="https://elsewhere.example"),
        "the issuer with a slash": lambda: good(iss=f"{issuer}/"),
        "no issuer": lambda: good(iss=None),
        "another audience": lambda: good(aud="https://elsewhere.example/"),
        "an audience that begins like ours": lambda: good(aud=f"{API}/more"),
        "our audience within a text": lambda: good(aud=f"{API} https://elsewhere.example/"),
        "other audiences": lambda: good(aud=["https://elsewhere.example/", issuer]),
        "no audience": lambda: good(aud=None),
        "an empty audience": lambda: good(aud=[]),
        "an audience that is no text": lambda: good(aud={API: True}),
        "expired": lambda: good(exp=now - 31),
        "no end": lambda: good(exp=None),
        "an end that is a text": lambda: good(exp=str(now + 600)),
        "an end that is true": lambda: good(exp=True),
        "an end that is a fraction": lambda: good(exp=now + 600.5),
        "not yet valid": lambda: good(nbf=now + 60),
        "a beginning that is a text": lambda: good(nbf="now"),
        "issued in the future": lambda: good(iat=now + 60),
        "no time of issue": lambda: good(iat=None),
        "no subject": lambda: good(sub=None),
        "an empty subject": lambda: good(sub=""),
        "a subject that is a number": lambda: good(sub=7),
        "no client": lambda: good(client_id=None),
        "no jti": lambda: good(jti=None),
        "scopes in a list": lambda: good(scope=["members:read"]),
        "organizations in a text": lambda: good(organization_ids="a"),
        "a role that is a list": lambda: good(role=["admin"]),
        "an actor that is a text": lambda: good(act="somebody"),
        "an actor without a subject": lambda: good(act={"client_id": "x"}),
    }
    assert accepted(backend, {name: signed(claims()) for name, claims in wrong.items()}) == []
    leeway = {"just expired": good(exp=now - 5), "nearly valid": good(nbf=now + 5, iat=now + 5)}
    assert {name: backend.status(signed(claims)) for name, claims in leeway.items()} == dict.fromkeys(leeway, 200)
    assert backend.status(signed(good(aud=["https://elsewhere.example/", API]))) == 200


@pytest.mark.promise(69)
def test_other_tokens_of_vestibule_are_no_access_tokens(backend: Backend) -> None:
    ada = User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)
    found = tokens_of(ada)
    types = {f"typ {typ}": signed(good(), typ=typ) for typ in ("JWT", "logout+jwt", "jwt+at", "", None, 7, ["at+jwt"])}
    others = {"ID token": found["id_token"], "refresh token": found["refresh_token"], "API key": "vk_abc_def"}

    assert accepted(backend, {**others, **types}) == []
    assert accepted(backend, {"for Vestibule itself": service_token(audience=settings.PUBLIC_URL)}) == []
    assert backend.status(found["access_token"]) == 200
    assert backend.status(signed(good(), typ="application/AT+JWT")) == 200
