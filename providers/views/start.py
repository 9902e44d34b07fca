"""The view that starts a sign-in, the same for all providers."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.organizations.claim_rules.requested_claims import requested_claims
from accounts.organizations.middleware import without_tenant
from accounts.sign_in.reauthentication import gate
from accounts.sign_in.reauthentication.acts import Act, after_reauthentication_to_connect
from foundation.app_hints import hints_in
from foundation.next_page import CHOICE, lost_page, query, requested_next, wants_another, wants_to_stay
from foundation.public_url import HERE, is_elsewhere
from foundation.rows import release_connection
from providers import second_factor
from providers.base import Provider
from providers.buttons import page_with_buttons
from providers.flow import Flow, Process, session_began
from providers.refusal import SignInRefused
from providers.refusal_responses import refuse
from providers.upstream import one_deadline
from providers.views.callback import provider_of


@without_tenant  # it may wait for the provider
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Redirect the person to the provider. GET, which any site can cause, shows a confirmation first.

    The URL's parameters contain the purpose and the next page; none of them is passed to the provider. A visitor at
    another host name is redirected to PUBLIC_URL first, where the callback will find the attempt's cookie.
    """
    process = _process(request)
    if is_elsewhere(request):
        return _to_public_url(request, process)
    if process is not Process.SIGN_IN and not request.user.is_authenticated:
        if _was_signed_in(request):
            return redirect_to_login(requested_next(request) or reverse("connections"))
        process = Process.SIGN_IN
    if process is Process.CONNECT and not gate.is_reauthenticated(request, Act.CONNECT, is_done=False):
        return gate.redirect_to_reauthenticate(request, next=after_reauthentication_to_connect())
    flow = Flow(
        provider=provider_id,
        process=process,
        next=requested_next(request),
        starter="" if process is Process.SIGN_IN else str(request.user.pk),
        session="" if process is Process.SIGN_IN else session_began(request),
        wanted=claims_wanted(provider_id) if request.method == "POST" else (),
        stays=wants_to_stay(request),
        another=wants_another(request),
        asks_for_factor=second_factor.is_wanted(request, process),
    )
    try:
        provider = provider_of(provider_id, is_start=True)
        if request.method == "GET":
            return _confirmation(request, provider, flow)
        with one_deadline():
            response = HttpResponseRedirect(provider.start_url(flow))
    except SignInRefused as refused:
        return refuse(request, provider_id, refused, flow)
    flow.remember(request, response)
    return response


def _process(request: HttpRequest) -> Process:
    """Return the requested process. The caller makes it a sign-in if nobody is signed in."""
    process = request.GET.get("process", "")
    return Process(process) if process in {Process.CONNECT, Process.REAUTHENTICATE} else Process.SIGN_IN


def _was_signed_in(request: HttpRequest) -> bool:
    """Return whether the person was signed in when they opened the page, here or at another host name of ours."""
    return settings.SESSION_COOKIE_NAME in request.COOKIES or HERE in request.GET


def _to_public_url(request: HttpRequest, process: Process) -> HttpResponse:
    """Redirect to the same view at PUBLIC_URL by GET, with only the parameters that we know."""
    parameters = query(
        requested_next(request),
        stay=wants_to_stay(request),
        another=wants_another(request),
        process="" if process is Process.SIGN_IN else process.value,
        **{HERE: "on"},
    )
    return HttpResponseRedirect(f"{settings.PUBLIC_URL}{request.path}{parameters}")


def _confirmation(request: HttpRequest, provider: Provider, flow: Flow) -> HttpResponse:
    context = {
        "provider": provider,
        "action": request.get_full_path(),
        "is_connect": flow.process is Process.CONNECT,
        "is_another": flow.another,
        "is_next_lost": flow.next == lost_page(),
        "back": _back(request, flow),
    }
    return page_with_buttons(request, "providers/confirm.html", context, [provider])


def _back(request: HttpRequest, flow: Flow) -> str:
    """Return the page with the other methods, for a person who does not want to continue."""
    page = {Process.SIGN_IN: "account_login", Process.CONNECT: "connections", Process.REAUTHENTICATE: "reauthenticate"}[
        flow.process
    ]
    choice = {CHOICE: "on"} if hints_in(flow.next).provider else {}  # else it would lead here again
    return reverse(page) + query(flow.next, stay=flow.stays, another=flow.another, **choice)


def claims_wanted(provider_id: str) -> tuple[str, ...]:
    """Return the claims that claim rules read at this provider."""
    names = tuple(sorted(requested_claims(provider_id)))
    release_connection()
    return names
