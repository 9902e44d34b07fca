"""The answer to a test sign-in: it is verified like any other, and leads back to the page with the result."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.models import Identity
from foundation.rows import release_connection
from providers import admission
from providers.base import Provider
from providers.connections import testing
from providers.flow import Flow, Process, peek_flow, take_flow
from providers.identity import ExternalIdentity
from providers.refusal import SignInRefused
from providers.refusal_responses import refuse
from providers.upstream import one_deadline
from providers.views.code_in_callback import code_in


def is_test(request: HttpRequest) -> bool:
    """Whether a callback answers a test sign-in that this browser has started, whatever became of it."""
    started = peek_flow(request)
    return started is not None and started.process is Process.TEST


def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Verify the answer, link and sign in nobody, store no tokens. The administrator sees also why it was refused."""
    try:
        flow = take_flow(request, provider_id)
        connection, version = testing.pending(request, flow)
    except SignInRefused as refused:
        return refuse(request, provider_id, refused)
    release_connection()
    result, policy = _verified(request, flow)
    testing.note(request, connection, result, version=version, admission=policy)
    response = HttpResponseRedirect(flow.next)
    flow.forget(response)
    return response


def _verified(request: HttpRequest, flow: Flow) -> tuple[ExternalIdentity | SignInRefused, str]:
    """Return the verified identity or the refusal, and why the policy would refuse a person who is new, if it would."""
    try:
        provider = testing.provider_of(flow.provider)
        with one_deadline():
            external = provider.believed(provider.identify(code_in(request, provider), flow))
    except SignInRefused as refused:
        return refused, ""
    return external, _policy(provider, external)


def _policy(provider: Provider, external: ExternalIdentity) -> str:
    if Identity.objects.find(external.issuer, external.subject, through=provider.id) is not None:
        return ""
    try:
        admission.check(provider, external, next_url="")
    except SignInRefused as refused:
        return refused.reason.value
    return ""
