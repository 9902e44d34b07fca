"""Whether somebody who is about to do something dangerous has lately shown that it is them."""

from django.http import HttpRequest, HttpResponseBase


def ask_for_fresh_proof(request: HttpRequest, *, back_to: str) -> HttpResponseBase | None:
    """Return the page that asks for it, if it must be asked for; they come back to an address of this site by GET.

    The one place that bulk actions and exports ask through.
    """
    return None
