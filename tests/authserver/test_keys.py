"""Signatures: others verify our tokens with what we publish, and we accept nothing that we have not signed."""

import base64
import hmac
import json
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from authserver.keys import pairs, ring
from authserver.keys.pairs import KeyPair
from authserver.models import SigningAlgorithm
from authserver.tokens import jwts
from tenancy import site_context
from tests.support.oauth import basic, registered, token_request

pytestmark = pytest.mark.django_db

ISSUER = "https://id.vestibule.example"
RS256 = SigningAlgorithm.RS256
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _issuer(settings: Any) -> None:
    settings.PUBLIC_URL = ISSUER


def claims(**changed: Any) -> Json:
    now = int(timezone.now().timestamp())
    said = {"iss": ISSUER, "sub": "someone", "aud": ISSUER, "iat": now, "exp": now + 600, "jti": "one"}
    return said | changed


def ours(typ: str = jwts.ACCESS, algorithm: SigningAlgorithm = RS256, **changed: Any) -> str:
    return jwts.sign(claims(**changed), typ=typ, algorithm=algorithm)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


MADE_UP = st.text(max_size=300) | st.lists(st.binary(max_size=60), max_size=5).map(lambda raw: ".".join(map(b64, raw)))


def number(text: str) -> int:
    return int.from_bytes(unb64(text), "big")


def parts(token: str) -> tuple[Json, Json, bytes]:
    header, payload, signature = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(payload)), unb64(signature)


def made(header: Json, payload: Json, sign: Callable[[bytes], bytes]) -> str:
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(payload).encode())}"
    return f"{signed}.{b64(sign(signed.encode()))}"


def with_rsa(pair: KeyPair) -> Callable[[bytes], bytes]:
    private: Any = pair.private
    return lambda message: private.sign(message, PKCS1v15(), SHA256())


def refused(token: str, *, typ: str = jwts.ACCESS) -> str:
    with pytest.raises(jwts.TokenRefused) as refusal:
        jwts.verify(token, typ=typ)
    return str(refusal.value)


def published(kid: str) -> Json:
    keys: list[Json] = Browser().get("/oauth/jwks").json()["keys"]
    return next(key for key in keys if key["kid"] == kid)


def verify_by_hand(token: str) -> None:
    """Verify with the published key and the RFCs alone (RFC 7515, section 5.2; RFC 7518; RFC 8037)."""
    header, _, signature = parts(token)
    signed, key = token.rpartition(".")[0].encode(), published(header["kid"])
    assert header["alg"] == key["alg"]
    if key["kty"] == "RSA":
        rsa = RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
        rsa.verify(signature, signed, PKCS1v15(), SHA256())
    elif key["kty"] == "EC":
        ec = EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), SECP256R1()).public_key()
        assert len(signature) == 64
        pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        ec.verify(encode_dss_signature(*pair), signed, ECDSA(SHA256()))
    else:
        assert key["crv"] == "Ed25519"
        Ed25519PublicKey.from_public_bytes(unb64(key["x"])).verify(signature, signed)


@pytest.mark.promise(66, 68)
@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_others_verify_our_signatures_with_the_published_key_alone(algorithm: SigningAlgorithm) -> None:
    token = ours(algorithm=algorithm)
    verify_by_hand(token)
    header, payload, _ = parts(token)
    assert header.keys() == {"alg", "typ", "kid"}
    assert jwts.verify(token, typ=jwts.ACCESS) == payload
    changed = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
    with pytest.raises(InvalidSignature):
        verify_by_hand(changed)
    assert refused(changed)


@pytest.mark.promise(66)
@pytest.mark.parametrize("algorithm", [SigningAlgorithm.RS256, SigningAlgorithm.ES256])
def test_pyjwt_verifies_our_access_tokens_as_a_resource_server_would(algorithm: SigningAlgorithm) -> None:
    token = ours(algorithm=algorithm)
    keys = jwt.PyJWKSet.from_dict(_for_pyjwt(Browser().get("/oauth/jwks").json()))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=[algorithm.value], audience=ISSUER, issuer=ISSUER)["sub"] == "someone"
    with pytest.raises(jwt.InvalidAlgorithmError):  # CVE-2026-48523: with a PyJWK the list of algorithms did not count
        jwt.decode(token, key, algorithms=["PS256"], audience=ISSUER)


def _for_pyjwt(jwks: Json) -> Json:
    """Leave out the key that PyJWT does not know by its name of RFC 9864."""
    return {"keys": [key for key in jwks["keys"] if key["alg"] != "Ed25519"]}


@pytest.mark.promise(66)
@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_an_app_gets_tokens_signed_with_its_algorithm(algorithm: SigningAlgorithm) -> None:
    client, secret = registered()
    client.signing_algorithm = algorithm
    with site_context("a test chooses an algorithm"):
        client.save()
    answer: Any = token_request(Browser(), {"grant_type": "client_credentials"}, basic(client.client_id, secret))
    verify_by_hand(answer.json()["access_token"])
    assert parts(answer.json()["access_token"])[0]["alg"] == algorithm.value


@pytest.mark.promise(68)
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", " none", None, 0, [], ["RS256"], {}])
@pytest.mark.parametrize("signature", [b"", b"x"])
def test_a_token_without_a_signature_is_refused(alg: object, signature: bytes) -> None:
    header = parts(ours())[0] | {"alg": alg}
    assert refused(made(header, claims(), lambda _: signature))
    del header["alg"]
    assert refused(made(header, claims(), lambda _: signature))


@pytest.mark.promise(68)
@pytest.mark.parametrize("hashed", ["sha256", "sha384", "sha512"])
def test_no_public_key_serves_as_the_secret_of_an_hmac(hashed: str) -> None:
    pair = ring.current().signer(RS256)
    header = parts(ours())[0] | {"alg": f"HS{hashed.removeprefix('sha')}"}
    pem = pair.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = pair.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(dict(pair.public_jwk)).encode()
    for secret in (pem, pem.strip(), der, jwk, pair.kid.encode(), pair.public_jwk["n"].encode(), b""):
        assert refused(made(header, claims(), lambda message, key=secret: hmac.digest(key, message, hashed)))  # type: ignore[misc]  # bound in the loop


@pytest.mark.promise(68)
@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "ES256", "Ed25519", "EdDSA", "rs256", "RS256 "])
def test_the_key_decides_the_algorithm_and_not_the_token(alg: str) -> None:
    pair = ring.current().signer(RS256)
    assert refused(made(parts(ours())[0] | {"alg": alg}, claims(), with_rsa(pair)))


@pytest.mark.promise(68)
def test_a_foreign_key_under_our_key_id_is_refused() -> None:
    foreign = pairs.generate(RS256)
    header = parts(ours())[0]
    assert refused(made(header, claims(), with_rsa(foreign)))
    assert refused(made(header | {"kid": foreign.kid}, claims(), with_rsa(foreign)))
    mine = ring.current().signer(RS256)
    assert refused(made(header | {"kid": foreign.kid}, claims(), with_rsa(mine)))
    assert refused(made(header | {"kid": ring.current().signer(SigningAlgorithm.ES256).kid}, claims(), with_rsa(mine)))


@pytest.mark.promise(68)
@pytest.mark.parametrize("kid", [None, 1, [], {}, "", "../../etc/passwd", "' OR 1=1", "\0", "é", "x" * 9000])
def test_a_strange_key_id_finds_no_key(kid: object) -> None:
    mine, header = ring.current().signer(RS256), parts(ours())[0]
    assert refused(made(header | {"kid": kid}, claims(), with_rsa(mine)))
    del header["kid"]
    assert refused(made(header, claims(), with_rsa(mine)))


@pytest.mark.promise(68)
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_a_key_in_the_header_does_not_count_and_is_never_fetched(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        foreign = pairs.generate(RS256)
        value = dict(foreign.public_jwk) if name == "jwk" else url
        header = parts(ours())[0]
        assert refused(made(header | {name: value}, claims(), with_rsa(foreign)))
        assert refused(made(header | {name: value, "kid": foreign.kid}, claims(), with_rsa(foreign)))
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.promise(68)
@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["unknown"], [], "exp", None, {}])
def test_a_header_with_critical_extensions_is_refused(crit: object) -> None:
    """CVE-2026-32597: a verifier must understand what is critical, and we define nothing of the kind."""
    mine, header = ring.current().signer(RS256), parts(ours())[0]
    assert refused(made(header | {"crit": crit}, claims(), with_rsa(mine)))
    assert refused(made(header | {"crit": crit, "b64": False, "unknown": 1}, claims(), with_rsa(mine)))


@pytest.mark.promise(68)
@pytest.mark.parametrize("given_typ", [jwts.ID, jwts.LOGOUT, "application/at+jwt", "", "at", None, 7, ["at+jwt"]])
def test_a_token_of_another_type_is_no_access_token(given_typ: object) -> None:
    mine, header = ring.current().signer(RS256), parts(ours())[0]
    assert refused(made(header | {"typ": given_typ}, claims(), with_rsa(mine)))
    del header["typ"]
    assert refused(made(header, claims(), with_rsa(mine)))


@pytest.mark.promise(68)
@pytest.mark.parametrize("typ", [jwts.ACCESS, jwts.ID, jwts.LOGOUT])
def test_each_type_serves_for_itself_only(typ: str) -> None:
    token = ours(typ=typ)
    assert jwts.verify(token, typ=typ)["sub"] == "someone"
    for other in {jwts.ACCESS, jwts.ID, jwts.LOGOUT} - {typ}:
        assert refused(token, typ=other)


@pytest.mark.promise(68)
@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://id.elsewhere.example"}, {"iss": ISSUER + "/"}, {"iss": ISSUER.upper()}, {"iss": None},
        {"iss": [ISSUER]}, {"exp": 0}, {"exp": "9999999999"}, {"exp": 99999999999.5}, {"exp": None}, {"exp": True},
        {"iat": 99999999999}, {"iat": None}, {"iat": "1"},
    ],
)  # fmt: skip
def test_issuer_and_times_are_checked_although_the_signature_is_right(changed: Json) -> None:
    mine, header = ring.current().signer(RS256), parts(ours())[0]
    assert refused(made(header, claims() | changed, with_rsa(mine)))


@pytest.mark.promise(68)
@pytest.mark.parametrize("payload", [b"[]", b'"text"', b"null", b"7", b"{", b"", b"\xff", b'{"iss":1}', b"NaN"])
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    mine, header = ring.current().signer(RS256), parts(ours())[0]
    signed = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    assert refused(f"{signed}.{b64(with_rsa(mine)(signed.encode()))}")


@pytest.mark.promise(68)
@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "\0", " ", "vat_opaque", "x" * 1_000_000]
)
def test_garbage_is_refused(token: str) -> None:
    assert refused(token)


@pytest.mark.promise(68)
@pytest.mark.parametrize("opened", ["[", '{"a":', '{"alg":"RS256","kid":['])
def test_a_header_that_is_nested_deeply_is_refused(opened: str) -> None:
    assert refused(f"{b64(opened.encode() * (9000 // len(opened)))}.e30.AAAA")
    assert refused(f"{b64(b'{' + b' ' * 9000 + b'}')}.e30.AAAA")
    assert refused(f"{b64(b'9' * 9000)}.e30.AAAA")


@pytest.mark.promise(68)
def test_a_token_is_refused_after_any_change_of_a_character() -> None:
    token = ours(algorithm=SigningAlgorithm.ED25519)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        if _decoded(changed) != _decoded(token):
            assert refused(changed)


def _decoded(token: str) -> object:
    """Return what a token says: the last character of a part has bits that mean nothing."""
    try:
        return [unb64(part) for part in token.split(".")]
    except ValueError:
        return None


@pytest.mark.promise(68)
@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=300) | st.lists(st.binary(max_size=60), max_size=5).map(lambda found: ".".join(map(b64, found)))
)
def test_nothing_that_is_made_up_is_accepted_or_fails_otherwise(token: str) -> None:
    assert refused(token)


@pytest.mark.promise(68)
def test_a_token_is_over_when_its_time_is_and_then_only_a_hint(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    token = ours()
    time_machine.shift(599)
    assert jwts.verify(token, typ=jwts.ACCESS)
    time_machine.shift(2)
    assert refused(token) == "expired"
    assert jwts.verify(token, typ=jwts.ACCESS, is_over_allowed=True)["sub"] == "someone"


def test_a_verified_token_is_remembered_and_nothing_else_of_it_is_taken_for_granted(time_machine: Any) -> None:
    token = ours(jti=secrets.token_hex(8))  # no other test has had this one
    before = jwts.signed_content.cache_info()
    first = jwts.verify(token, typ=jwts.ACCESS)
    first["sub"] = "changed by its reader"

    assert jwts.verify(token, typ=jwts.ACCESS)["sub"] == "someone"
    assert jwts.signed_content.cache_info().hits == before.hits + 1
    assert refused(token, typ=jwts.ID) == "of another type"
    assert refused(token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"))
    time_machine.move_to(datetime.now(tz=UTC) + timedelta(days=1))
    assert refused(token) == "expired"


def test_refused_tokens_are_not_remembered() -> None:
    before = jwts.signed_content.cache_info().currsize
    for _ in range(3):
        assert refused(f"{ours()}AAAA")

    assert jwts.signed_content.cache_info().currsize == before
