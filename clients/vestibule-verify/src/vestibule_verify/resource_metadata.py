"""The metadata of this back end, by which clients find out whose tokens it accepts (RFC 9728)."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from vestibule_verify.errors import Realm

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def metadata_path(resource: str) -> str:
    """Return the path of the metadata of a resource: well known, and then the resource's own path (section 3.1)."""
    return WELL_KNOWN + urlsplit(resource).path.rstrip("/")


def realm_of(resource: str) -> Realm:
    """Return the realm of a resource, by its identifier. Raises ValueError unless that is an absolute URL."""
    parts = urlsplit(resource)
    is_plain = resource.isascii() and resource.isprintable() and not set(resource) & set(' "\\#?')
    if parts.scheme not in {"https", "http"} or not parts.netloc or parts.username or not is_plain:
        raise ValueError(f"{resource!r} must be an absolute URL without query and fragment, as it is registered")
    return Realm(name=parts.netloc, resource_metadata=f"{parts.scheme}://{parts.netloc}{metadata_path(resource)}")


def metadata(resource: str, issuer: str, *, scopes: Collection[str] = (), name: str = "") -> dict[str, Any]:
    """Return the document (section 2). ``scopes`` are those that clients may be told of."""
    found: dict[str, Any] = {
        "resource": resource,
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
    }
    if scopes:
        found["scopes_supported"] = list(scopes)
    return found | ({"resource_name": name} if name else {})
