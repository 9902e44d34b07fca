"""Tries the files of TLS before any worker starts, so that a wrong one stops the server with a sentence."""

import ssl

from config.serving import Serving
from config.variables import ConfigurationRefused


def check(serving: Serving) -> None:
    """Raise ConfigurationRefused if the server could not speak TLS with these files."""
    if not serving.tls_certificate:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(serving.tls_certificate, serving.tls_key, password=_none)
    except OSError as failed:  # ssl.SSLError is one
        raise _refusal("TLS_CERTIFICATE, TLS_KEY", failed) from None
    try:
        if serving.client_certificate_ca:
            context.load_verify_locations(serving.client_certificate_ca)
    except OSError as failed:
        raise _refusal("CLIENT_CERTIFICATE_CA", failed) from None


def _none() -> str:
    """Instead of a question at the terminal: a key with a passphrase is refused."""
    return ""


def _refusal(names: str, failed: OSError) -> ConfigurationRefused:
    why = failed.reason if isinstance(failed, ssl.SSLError) else failed.strerror
    return ConfigurationRefused(f"The configuration was refused:\n  {names}: cannot be used: {why}")
