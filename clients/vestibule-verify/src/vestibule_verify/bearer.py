"""The access token of a request: only the header ``Authorization: Bearer`` carries one (RFC 6750, section 2.1).

``Request`` is all that verification sees of a request. Method and URL are not needed for bearer tokens; proofs of
possession are made for both (RFC 9449, section 4.2).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from vestibule_verify.errors import InvalidRequest, Realm, TokenMissing

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1: b64token
ELSEWHERE = "access_token"  # the parameter of RFC 6750, section 2.3


class Request(Protocol):
    """An HTTP request, whatever framework serves it."""

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def query(self) -> str: ...

    def values(self, header: str) -> Sequence[str]:
        """Return each value of a header, by its name in small letters."""


@dataclass(frozen=True, kw_only=True)
class PlainRequest:
    """A request as plain data."""

    method: str = "GET"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def query(self) -> str:
        return urlsplit(self.url).query

    def values(self, header: str) -> Sequence[str]:
        return [value for name, value in self.headers.items() if name.lower() == header]


def credential_of(request: Request, realm: Realm) -> str:
    """Return the access token of a request. Raises TokenMissing and InvalidRequest.

    A token in the URL is in logs and histories by now, so it is refused even beside a good header (RFC 9700, 4.3.2).
    Forms are not read. Servers join repeated headers with commas, which no token contains.
    """
    if (query := request.query) and any(name == ELSEWHERE for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise InvalidRequest("Send the access token in the header Authorization, and nowhere else.", realm=realm)
    scheme, _, token = ",".join(request.values("authorization")).partition(" ")
    if scheme.lower() != "bearer":
        raise TokenMissing("Send an access token in the header Authorization, with the scheme Bearer.", realm=realm)
    token = token.strip(" ")
    if not TOKEN.fullmatch(token):
        raise InvalidRequest("The header Authorization contains no single access token.", realm=realm)
    return token
