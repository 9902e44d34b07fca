"""Asks the site on this machine whether it answers. The image runs this file as its health check."""

import http.client
import os
import ssl
import sys
from collections.abc import Mapping


def speaks_tls(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in ("TLS_CERTIFICATE", "TLS_CERTIFICATE_FILE"))


def ask(port: int, *, over_tls: bool, seconds: float) -> int:
    """Return the status of ``/health/live``. Raises OSError, http.client.HTTPException."""
    if over_tls:  # the certificate is for the site's name, which need not lead to this machine
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=seconds, context=context
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/health/live")
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(ask(int(os.environ.get("PORT") or 8000), over_tls=speaks_tls(os.environ), seconds=2) != 200)
