"""Which client certificate a request has: from our own TLS, or from one header of a trusted proxy, or none (ADR 62).

Every other header about certificates is removed, whoever sent it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from authserver.services.certificates import PRESENTED, Presented, read, read_header, read_subject
from config.certificate_headers import about_certificates, has_subject
from config.proxies import address_in, is_proxy

ABSENT = frozenset({"", "(null)"})  # what proxies send for a client without a certificate


def client_certificate(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Keep what presents the certificate as ``META[PRESENTED]``, which no header can set. Nothing is read of it here.

    List it before ``config.proxies.forwarding``, which replaces the address of the proxy.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        meta = request.META
        found = {name: meta.pop(name) for name in about_certificates(meta)}
        meta[PRESENTED] = _of_socket(meta) if settings.CLIENT_CERTIFICATE_CA else _of_proxy(meta, found)
        return get_response(request)

    return handle


def _of_socket(meta: Mapping[str, Any]) -> Presented | None:
    """Our TLS has verified it, or would have ended the handshake."""
    certificate = meta["gunicorn.socket"].peer_certificate()
    return partial(read, certificate) if certificate else None


def _of_proxy(meta: Mapping[str, Any], found: Mapping[str, str]) -> Presented | None:
    header = settings.CLIENT_CERTIFICATE_HEADER
    text = found.get(f"HTTP_{header.upper().replace('-', '_')}", "") if header else ""
    if text in ABSENT or not is_proxy(address_in(meta.get("REMOTE_ADDR", "")), settings.TRUSTED_PROXIES):
        return None
    return partial(read_subject if has_subject(header) else read_header, text)
