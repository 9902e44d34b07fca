"""OIDC_SIGNING_KEYS: private keys in PEM or their paths, read at the start and refused with a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from authserver.keys import pairs
from authserver.models import SigningAlgorithm
from config.environment import read
from config.variables import ConfigurationRefused
from tests.config.test_environment import WHOLE, refusal

PKCS8, PKCS1, OPENSSH = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def pem(private: Any, form: PrivateFormat = PKCS8, password: str = "") -> str:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    text: str = private.private_bytes(Encoding.PEM, form, encryption).decode()
    return text


def of_rsa(bits: int = 2048) -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=bits))


RSA = of_rsa()
EC = pem(ec.generate_private_key(ec.SECP256R1()))
ED25519 = pem(ed25519.Ed25519PrivateKey.generate())


def keys(value: str) -> list[str]:
    return [key.get_secret_value() for key in read(WHOLE | {"OIDC_SIGNING_KEYS": value}).oidc_signing_keys]


def kids(value: str) -> list[str]:
    return [pairs.read_pem(key).kid for key in keys(value)]


def own(*texts: str) -> list[str]:
    return [pairs.read_pem(text).kid for text in texts]


def test_without_the_variable_there_are_none() -> None:
    assert read(WHOLE).oidc_signing_keys == []
    assert keys("") == keys(" ") == []


def test_a_pem_text_is_read_also_in_one_line() -> None:
    assert kids(RSA) == kids(RSA.replace("\n", "\\n")) == kids(RSA.replace("\n", "\r\n")) == own(RSA)


def test_several_keys_stay_in_their_order() -> None:
    assert kids(ED25519 + RSA + EC) == own(ED25519, RSA, EC)
    assert kids(f"{EC},{RSA}") == own(EC, RSA)
    assert [pairs.read_pem(key).algorithm for key in keys(RSA + EC + ED25519)] == list(SigningAlgorithm)


def test_paths_are_read_and_a_file_may_have_several(tmp_path: Path) -> None:
    (tmp_path / "new.pem").write_text(RSA + EC)
    (tmp_path / "old.pem").write_text(ED25519)
    assert kids(f"{tmp_path}/new.pem, {tmp_path}/old.pem") == own(RSA, EC, ED25519)


@pytest.mark.parametrize("indirect", [False, True])
def test_a_file_can_be_named_that_has_the_keys_or_their_paths(tmp_path: Path, *, indirect: bool) -> None:
    (tmp_path / "key.pem").write_text(RSA)
    (tmp_path / "paths").write_text(f"{tmp_path}/key.pem\n")
    file = tmp_path / ("paths" if indirect else "key.pem")
    found = read(WHOLE | {"OIDC_SIGNING_KEYS_FILE": str(file)}).oidc_signing_keys
    assert [pairs.read_pem(key.get_secret_value()).kid for key in found] == own(RSA)


def test_what_openssl_writes_around_a_key_is_left_out() -> None:
    assert kids(RSA + PARAMETERS + EC + CERTIFICATE) == own(RSA, EC)


@pytest.mark.parametrize("form", [PKCS1, OPENSSH])
def test_older_forms_are_read_or_refused_but_never_misread(form: PrivateFormat) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if form is PKCS1:
        assert kids(pem(private, form)) == own(pem(private))
    else:
        assert "OIDC_SIGNING_KEYS: key 1 is not a private key" in refusal(OIDC_SIGNING_KEYS=pem(private, form))


OTHERS: dict[str, tuple[Callable[[], str], str]] = {
    "1024 bits": (lambda: of_rsa(1024), "is an RSA key of 1024 bits; 2048 are the least"),
    "P-384": (lambda: pem(ec.generate_private_key(ec.SECP384R1())), "is on the curve secp384r1; only P-256"),
    "secp256k1": (lambda: pem(ec.generate_private_key(ec.SECP256K1())), "is on the curve secp256k1; only P-256"),
    "Ed448": (lambda: pem(ed448.Ed448PrivateKey.generate()), "is neither RSA nor P-256 nor Ed25519"),
    "X25519": (lambda: pem(x25519.X25519PrivateKey.generate()), "is neither RSA nor P-256 nor Ed25519"),
    "DSA": (lambda: pem(dsa.generate_private_key(2048)), "is neither RSA nor P-256 nor Ed25519"),
    "with a password": (lambda: pem(ed25519.Ed25519PrivateKey.generate(), password="lantern"), "has a password"),
    "old form with a password": (
        lambda: pem(rsa.generate_private_key(public_exponent=65537, key_size=2048), PKCS1, "lantern"),
        "has a password",
    ),
    "cut": (lambda: RSA[:400] + "\n-----END PRIVATE KEY-----\n", "is not a private key in PEM that can be read"),
}


@pytest.mark.promise(66, 83)
@pytest.mark.parametrize("name", OTHERS)
def test_a_key_that_cannot_sign_is_refused_by_its_place(name: str) -> None:
    make, said = OTHERS[name]
    other = make()
    found = refusal(OIDC_SIGNING_KEYS=RSA + other)
    assert f"OIDC_SIGNING_KEYS: key 2 {said}" in found
    assert not any(line in found for line in other.splitlines()[1:-1] if line)


@pytest.mark.promise(66, 83)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (EC + ED25519, "has no RSA key: apps expect signatures with RS256"),
        (RSA + EC + RSA, "key 3 is there twice"),
        ("/nowhere/key.pem", "/nowhere/key.pem cannot be read"),
        ("nonsense", "nonsense cannot be read"),
        ("/", "/ cannot be read"),
        (CERTIFICATE, "it has no private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----", "it has no private key in PEM"),
    ],
)
def test_a_set_that_cannot_serve_is_refused(value: str, said: str) -> None:
    assert f"OIDC_SIGNING_KEYS: {said}" in refusal(OIDC_SIGNING_KEYS=value)


@pytest.mark.promise(66, 83)
def test_a_file_with_a_public_key_is_refused(tmp_path: Path) -> None:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    (tmp_path / "key.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert "key.pem has no private key in PEM" in refusal(OIDC_SIGNING_KEYS=f"{tmp_path}/key.pem")


def test_a_named_file_that_is_missing_is_refused() -> None:
    with pytest.raises(ConfigurationRefused, match="OIDC_SIGNING_KEYS_FILE"):
        read(WHOLE | {"OIDC_SIGNING_KEYS_FILE": "/nowhere/keys"})
