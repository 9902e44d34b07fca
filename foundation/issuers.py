"""Issuers of identities, as they are compared when it matters who may name one."""

from urllib.parse import urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80}


def canonical(url: str) -> str:
    """Return the form in which issuers are compared to find out whose they are, or "" if the URL has no host.

    Case, the default port, the dot at the end of a host name and slashes at the end do not count. OpenID Connect
    compares issuers exactly (Discovery 1.0, section 4.3); two that are equal here lead to one server all the same.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    port = DEFAULT_PORTS.get(parts.scheme) if port is None else port
    return f"{parts.scheme}://{host}:{'' if port is None else port}{parts.path.rstrip('/')}".lower() if host else ""


def fault_of_microsoft(issuer: str) -> str | None:
    """Return why Microsoft's issuer does not name one tenant by its id, or None."""
    path = urlsplit(issuer).path.rstrip("/").removesuffix("/v2.0")
    tenant = path.rsplit("/", 1)[-1].lower()
    if not tenant or set(tenant) & set("{}<>"):
        return "names no tenant: https://login.microsoftonline.com/<tenant id>/v2.0, with the id of yours"
    if tenant in {"common", "organizations", "consumers"}:
        return f"names every tenant at once ({tenant}): anybody could bring a tenant of their own; give the id of yours"
    return None
