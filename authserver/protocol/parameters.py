"""The parameters of a request, read strictly: each at most once, valid UTF-8, of a bounded length."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from authserver.protocol.errors import ErrorCode, OAuthError

FORM = "application/x-www-form-urlencoded"
LONGEST = 64 * 1024  # bytes of a query or a form
MOST = 60  # parameters
REPEATABLE = frozenset({"resource", "audience"})  # RFC 8707, section 2; RFC 8693, section 2.1


@dataclass(frozen=True)
class Parameters:
    """The parameters by name. One without a value counts as omitted (RFC 6749, section 3.1)."""

    values: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Parameters":
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:
                values.setdefault(name, []).append(value)
        return cls(values)

    def check_each_once(self) -> None:
        """Raises OAuthError if a parameter is repeated that must not be (RFC 6749, sections 3.1 and 3.2)."""
        if any(len(found) > 1 and name not in REPEATABLE for name, found in self.values.items()):
            raise OAuthError(ErrorCode.INVALID_REQUEST, "A parameter is included more than once.")

    def single(self, name: str) -> str:
        """Return the only value of a parameter, or an empty string if there is none, or more than one."""
        found = self.all(name)
        return found[0] if len(found) == 1 else ""

    def get(self, name: str) -> str:
        """Return the value, or an empty string."""
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def require(self, name: str) -> str:
        """Return the value. Raises OAuthError (``invalid_request``)."""
        value = self.get(name)
        if not value:
            raise OAuthError(ErrorCode.INVALID_REQUEST, f"The parameter {name} is missing.")
        return value

    def words(self, name: str) -> list[str]:
        """Return a list of words separated by spaces, such as ``scope``, each once and in their order."""
        return list(dict.fromkeys(self.get(name).split(" "))) if self.get(name) else []

    def encoded(self) -> str:
        """Return the parameters as a query string."""
        return urlencode([(name, value) for name, found in self.values.items() for value in found])

    def __contains__(self, name: str) -> bool:
        return name in self.values


def in_query(request: HttpRequest) -> Parameters:
    """Return the parameters of the URL, which may be repeated. Raises OAuthError."""
    return _read(request.META.get("QUERY_STRING", "").encode("latin-1", "replace"))


def in_form(request: HttpRequest, *, may_repeat: bool = False) -> Parameters:
    """Return the parameters of a form, each included once. Raises OAuthError, also for a body that is no form."""
    if request.content_type != FORM:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"Send the parameters as {FORM}.")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > LONGEST:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The request is too long.", status=413)
    try:
        form = _read(request.body)
    except UnreadablePostError:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The request is incomplete.") from None
    if not may_repeat:
        form.check_each_once()
    return form


def _read(raw: bytes) -> Parameters:
    if len(raw) > LONGEST:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The request is too long.", status=413)
    try:
        text = raw.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except UnicodeDecodeError:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "A parameter is not valid UTF-8.") from None
    except ValueError:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The request has too many parameters.") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "A parameter contains a null character.")
    return Parameters.of(pairs)
