"""A person's authenticator app, by the book (RFC 6238) and by none of the libraries under test."""

import base64
import hmac
import re
import struct
import time


def code(secret: str, *, steps_ago: int = 0) -> str:
    """Return what the app shows now, or showed some steps of 30 seconds ago."""
    step = int(time.time()) // 30 - steps_ago
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def secret_on(page: bytes) -> str:
    """Read the secret off the page that shows it, as a person without a camera would."""
    found = re.search(rb'<code class="secret"[^>]*>([A-Z2-7 ]+)</code>', page)
    assert found, page
    return found[1].decode().replace(" ", "")


def recovery_codes_on(page: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb"<li><code>([a-z0-9-]+)</code></li>", page)]
