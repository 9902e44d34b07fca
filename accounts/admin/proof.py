"""Whether somebody who is about to do something dangerous has lately shown that it is them."""

from django.http import HttpRequest, HttpResponseBase

from accounts import step_up


def ask_for_fresh_proof(request: HttpRequest, *, back_to: str) -> HttpResponseBase | None:
    """Return the page that asks for it, if it must be asked for; they come back to an address of this site by GET.

    The one place that bulk actions and exports ask through.
    """
    return None if step_up.is_fresh(request) else step_up.ask(request, next=back_to)
