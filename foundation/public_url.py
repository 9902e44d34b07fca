"""Whether a browser uses the host of PUBLIC_URL, the only one to which providers send people back."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

HERE = "here"  # marks a URL to which we have redirected: a proxy in front of us may pass on another host name


def is_elsewhere(request: HttpRequest) -> bool:
    """Whether a browser uses another of our host names, so that its cookies would be missing at the callback.

    Ports and schemes do not matter to cookies. A proxy may pass on another host name than the browser uses, so the
    Origin that the browser sends with a form counts more, and nobody is redirected twice.
    """
    public = urlsplit(settings.PUBLIC_URL)
    host, _port = split_domain_port(request.get_host())
    if _plain(host) == _plain(public.hostname or "") or not validate_host(host, settings.HOST_ALIASES):
        return False
    is_origin_public = request.headers.get("Origin") == f"{public.scheme}://{public.netloc}"
    return not is_origin_public and HERE not in request.GET


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
