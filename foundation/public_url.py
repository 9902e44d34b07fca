"""Whether a browser is where PUBLIC_URL says that the site is: providers send people back there, and nowhere else."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

HERE = "here"  # on an address to which we have led already: a proxy before us names us by another host


def is_elsewhere(request: HttpRequest) -> bool:
    """Whether a browser came by another host name of ours, so that its cookies would not be there at the end.

    Ports and schemes say nothing about cookies. A proxy may name us otherwise than the browser does: what the browser
    says itself in a form's Origin counts more, and nobody is led there twice.
    """
    public = urlsplit(settings.PUBLIC_URL)
    host, _port = split_domain_port(request.get_host())
    if _plain(host) == _plain(public.hostname or "") or not validate_host(host, settings.HOST_ALIASES):
        return False
    is_told_otherwise = request.headers.get("Origin") == f"{public.scheme}://{public.netloc}"
    return not is_told_otherwise and HERE not in request.GET


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
