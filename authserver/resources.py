"""Resource indicators: for which resource servers a token is, which is its audience (RFC 8707)."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from django.conf import settings

from authserver.models import Client
from authserver.protocol.errors import ErrorCode, OAuthError


def allowed(client: Client, wanted: Iterable[str]) -> list[str]:
    """Return the resource servers of a request. Raises OAuthError (``invalid_target``).

    A client gets tokens only for those that it is registered with. It may always name ourselves.
    """
    found = list(dict.fromkeys(wanted))
    for one in found:
        if not is_identifier(one):
            raise OAuthError(ErrorCode.INVALID_TARGET, "A resource is an absolute URL without a fragment.")
        if one != settings.PUBLIC_URL and one not in client.resources:
            raise OAuthError(ErrorCode.INVALID_TARGET, "The client may not ask for tokens for this resource.")
    return found


def still_allowed(client: Client, given: Iterable[str]) -> list[str]:
    """Return those of the resource servers given earlier for which the client may still get tokens."""
    return [one for one in given if one == settings.PUBLIC_URL or one in client.resources]


def narrowed(given: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Return the wanted part of the resources that were granted, or all. Raises OAuthError (``invalid_target``)."""
    wanted = list(dict.fromkeys(wanted))
    if not set(wanted) <= set(given or [settings.PUBLIC_URL]):
        raise OAuthError(ErrorCode.INVALID_TARGET, "The request asks for a resource that was not granted.")
    return wanted or list(given)


def granted(client: Client, given: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Return the resource servers of a token: the wanted part of those that were granted, or all that are left of them.

    Raises OAuthError (``invalid_target``) for one that the client may not name any more, and if none is left. A token
    is never for ourselves instead.
    """
    if wanted := list(wanted):
        return allowed(client, narrowed(given, wanted))
    left = still_allowed(client, given)
    if given and not left:
        raise OAuthError(ErrorCode.INVALID_TARGET, "The client may not ask for tokens for these resources any more.")
    return left


def audience(resources: Sequence[str]) -> str | list[str]:
    """Return the audience of a token: the resource servers that were asked for, or else ourselves."""
    return list(resources) if len(resources) > 1 else (resources[0] if resources else settings.PUBLIC_URL)


def is_identifier(text: str) -> bool:
    """Whether a text is an absolute URL without a fragment (RFC 8707, section 2)."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc and "#" not in text and text.isprintable() and " " not in text)
