"""The files of TLS are tried before the server starts, so that a wrong one is named."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from config.server import tls
from config.serving import Serving
from config.variables import ConfigurationRefused
from tests.support.certificates import KEY, LOCALHOST, Authority, written


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    encrypted = tmp_path / "encrypted.pem"
    encrypted.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"words")))
    empty = tmp_path / "empty.pem"
    empty.touch()
    site = written(tmp_path, "site", Authority().issue("CN=localhost", LOCALHOST))
    return {"site": site, "encrypted": encrypted, "empty": empty, "missing": tmp_path / "missing", "folder": tmp_path}


@pytest.mark.parametrize(
    ("certificate", "key", "authority", "said"),
    [
        ("site", "site", "site", ""),
        ("missing", "site", "site", "TLS_CERTIFICATE, TLS_KEY: cannot be used: No such file"),
        ("site", "empty", "site", "TLS_CERTIFICATE, TLS_KEY: cannot be used"),
        ("site", "folder", "site", "TLS_CERTIFICATE, TLS_KEY: cannot be used"),
        ("site", "encrypted", "site", "TLS_CERTIFICATE, TLS_KEY: cannot be used"),
        ("site", "site", "missing", "CLIENT_CERTIFICATE_CA: cannot be used: No such file"),
        ("site", "site", "empty", "CLIENT_CERTIFICATE_CA: cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    files: dict[str, Path], certificate: str, key: str, authority: str, said: str
) -> None:
    serving = Serving(
        tls_certificate=str(files[certificate]), tls_key=str(files[key]), client_certificate_ca=str(files[authority])
    )
    if not said:
        tls.check(serving)
        return
    with pytest.raises(ConfigurationRefused, match=said):
        tls.check(serving)


def test_without_tls_no_file_is_read() -> None:
    tls.check(Serving())
