"""The callback view, the same for all providers: it checks the provider's answer and acts on it."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.organizations import memberships
from accounts.organizations.claim_rules import applying
from accounts.organizations.middleware import without_tenant
from accounts.own_account.views import CLAIMS_UNREAD
from accounts.sessions import (
    AuthenticationEvent,
    FactorAddedMeanwhile,
    SessionRevocationReason,
    SessionStore,
    UpstreamSession,
    forget_sign_in,
    revoke_others,
)
from accounts.sessions.pinning import unpin
from accounts.sessions.upstream_logout import has_ended
from accounts.sign_in import people
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.provider_names import SaysWhen, name_of
from accounts.sign_in.reauthentication import gate
from accounts.sign_in.reauthentication.acts import (
    Act,
    act_of,
    after_reauthentication_to_connect,
    needs_reauthentication,
)
from accounts.sign_in.reauthentication.records import ProviderResponse
from audit.context import Actor, ActorKind, acting
from foundation import lifetimes
from foundation.cookies import set_cookie
from foundation.moments import Moment, StatementMoment
from foundation.rows import release_connection
from providers import admission, registry, second_factor, vault
from providers.allauth_adapters import open_session, record_reauthentication, response_of
from providers.base import Provider
from providers.buttons import LAST_USED
from providers.flow import Flow, Process, peek_flow, session_began, take_flow, used_state
from providers.identity import ExternalIdentity
from providers.linking import Linked, LinkingDecision, link
from providers.refusal import RefusalReason, SignInRefused, account_deactivated
from providers.refusal_responses import refuse
from providers.revalidation import silent_check
from providers.revalidation.interval import next_time
from providers.upstream import one_deadline
from providers.views import tested
from providers.views.code_in_callback import code_in
from providers.views.finished import FINISHED, finished_already, without_secret


class NoMember(Exception):
    """A tenant's connection vouches for a person who is not, or not any more, a member of that tenant."""

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.refused = SignInRefused(RefusalReason.NOT_A_MEMBER, "it is no member of the tenant", person=person)


@without_tenant  # it waits for the provider, and then opens its own transaction
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Process the provider's answer. Nobody is signed in unless every check has passed.

    No database connection is held while the provider is called. One transaction then contains the link, its entries in
    the trail and the session.
    """
    if (finished := finished_already(request)) is not None:
        return finished
    if tested.is_test(request):
        return tested.finish(request, provider_id)
    flow = external = None
    try:
        provider = provider_of(provider_id, is_start=False)
        flow = take_flow(request, provider.id)
        release_connection()
        began = Moment.now()  # before the calls, so that whatever ends during them counts
        with one_deadline():
            external = provider.believed(provider.identify(code_in(request, provider), flow))
        _check_is_dated(provider, flow, external)
        response = _accept(request, provider, flow, external, began)
        response = second_factor.redirect_for_second_factor(request, provider, flow, response)
    except SignInRefused as refused:
        with_prompt = silent_check.ask_with_prompt(flow, refused)
        return with_prompt or refuse(request, provider_id, refused, flow or peek_flow(request), external=external)
    except (FactorAddedMeanwhile, NoMember) as found:
        forget_sign_in(request)
        reason = found.refused if isinstance(found, NoMember) else _factor_added()
        return refuse(request, provider_id, reason, flow, external=external)
    if isinstance(response, HttpResponse):
        flow.forget(response)  # a refused attempt keeps its cookie, for the retry
    return response


def _accept(
    request: HttpRequest, provider: Provider, flow: Flow, external: ExternalIdentity, began: Moment
) -> HttpResponseBase:
    """Link the identity and open the session, in one transaction. Raises SignInRefused, NoMember and others.

    A tenant's connection signs in members of the tenant only. Whether its claim rules have just ended the membership is
    known at the end, and stays true.
    """
    with people.with_next(flow.next, stays=flow.stays), transaction.atomic():
        starter = _starter(request, flow)
        linked = link(
            external,
            connect_to=starter,
            reauthenticate=flow.process is Process.REAUTHENTICATE,
            syncs_profile=provider.tenant_id is None,
        )
        admission.admit(request, provider, external, linked, next_url=flow.next)
        judged_at = (linked.found.asked if linked.found else StatementMoment.now()).began(began)
        if not vault.store(linked.identity, external.tokens, provider=provider.id, sid=external.session):
            raise account_deactivated(linked.user.pk, "it was deactivated while the sign-in waited")
        response = _finish(request, provider, flow, external, linked, judged_at)
        spent_here = {"spent": used_state(flow.state), "next": without_secret(response.headers["Location"])}
        request.session[FINISHED] = spent_here
        request.session.save()  # before the rules: a changed role revokes earlier sign-ins
        _apply_rules(request, provider, flow, external, linked)
    if not _is_served(provider, flow, linked):
        raise NoMember(linked.user.pk)
    return response


def _is_served(provider: Provider, flow: Flow, linked: Linked) -> bool:
    if provider.tenant_id is None or flow.process is not Process.SIGN_IN:
        return True
    return memberships.is_member(linked.user, provider.tenant_id)


def provider_of(provider_id: str, *, is_start: bool) -> Provider:
    """Return a provider. Raises SignInRefused if it is off, Http404 if there is none."""
    try:
        return registry.get(provider_id) if is_start else registry.get_current(provider_id)
    except KeyError:
        raise Http404 from None


def _factor_added() -> SignInRefused:
    return SignInRefused(
        RefusalReason.FACTOR_ADDED_MEANWHILE, "a second factor was added since this sign-in was judged"
    )


def _starter(request: HttpRequest, flow: Flow) -> User | None:
    """Return the person who connects an identity or reauthenticates, or None for a sign-in. Raises SignInRefused.

    It must be the person who started the attempt, in the same session. The session was read before the provider was
    called and may have been revoked since, so its row is locked, after the account's.
    """
    if flow.process is Process.SIGN_IN:
        return None
    if not isinstance(request.user, User) or str(request.user.pk) != flow.starter:
        raise SignInRefused(RefusalReason.STARTED_BY_ANOTHER_PERSON, "another person started it")
    if not flow.session or flow.session != session_began(request):
        raise SignInRefused(RefusalReason.STARTED_BY_ANOTHER_PERSON, "it was started in another session")
    try:
        people.lock_with_session(request.user.pk, session_key=request.session.session_key)
    except people.RevokedMeanwhile:
        raise SignInRefused(RefusalReason.STARTED_BY_ANOTHER_PERSON, "its session was revoked meanwhile") from None
    if flow.process is Process.CONNECT and not gate.is_reauthenticated(request, Act.CONNECT, is_done=True):
        raise SignInRefused(RefusalReason.NOT_REAUTHENTICATED, "the reauthentication before connecting is too old")
    return request.user


def _check_is_dated(provider: Provider, flow: Flow, external: ExternalIdentity) -> None:
    """Refuse to connect an identity without ``auth_time`` if its provider always sends it. Raises SignInRefused.

    Without it, single sign-on may have answered without the person. A reauthentication without it is accepted, but
    counts for less (``accounts.sign_in.reauthentication``).
    """
    is_expected = flow.process is Process.CONNECT and provider.says_when is SaysWhen.ALWAYS
    if is_expected and external.authenticated_at is None:
        raise SignInRefused(RefusalReason.NOT_REAUTHENTICATED_AT_PROVIDER, "no auth_time, though max_age was sent")


def _finish(
    request: HttpRequest,
    provider: Provider,
    flow: Flow,
    external: ExternalIdentity,
    linked: Linked,
    judged_at: datetime,
) -> HttpResponseBase:
    session, answer = request.session, response_of(provider, external)
    assert isinstance(session, SessionStore)  # noqa: S101  # our session engine
    upstream = UpstreamSession(provider=external.provider, identity=linked.identity.pk, sid=external.session)
    proof = _proof(external, linked, judged_at)
    if flow.process is Process.SIGN_IN:
        session.set_authentication_event(proof)
        # Both are still needed after allauth's stages.
        session.describe({"is_remembered": flow.stays, "pinned_tenant": provider.tenant_id})
        session.opened_in(upstream)
        session.describe({"revalidate_at": next_time([provider])})
        response = open_session(request, linked, flow.next or reverse(settings.LOGIN_REDIRECT_URL), answer=answer)
        _remember_last_used(response, flow.provider)
        return response
    if has_ended(proof, subject=external.subject):
        raise SignInRefused(RefusalReason.NOT_REAUTHENTICATED_AT_PROVIDER, "the session at the provider has ended")
    if linked.decision is LinkingDecision.CONNECT:
        revoke_others(linked.user, keep=session.session_key, reason=SessionRevocationReason.IDENTITY_CONNECTED)
        notices.notify(linked.user, Notice.IDENTITY_CONNECTED, provider=name_of(external.provider))
    session.cycle_key()
    session.reauthenticated_in(upstream)
    session.describe({"revalidate_at": next_time([provider])})
    silent_check.settle(session, linked.user)
    if not flow.silent:
        record_reauthentication(request, linked, answer=answer)
        if _frees(provider, linked, answer):
            unpin(request, linked.user)
    return _onward(request, flow, linked)


def _frees(provider: Provider, linked: Linked, answer: ProviderResponse) -> bool:
    """Whether an identity frees a pinned session. A person with a factor has to use it, as at a sign-in."""
    return provider.tenant_id is None and (answer.has_second_factor or not has_second_factor(linked.user))


def _proof(external: ExternalIdentity, linked: Linked, judged_at: datetime) -> AuthenticationEvent:
    return AuthenticationEvent(
        person=linked.user.pk,
        epoch=linked.user.sign_in_epoch,
        provider=external.provider,
        identity_id=linked.identity.pk,
        upstream_sid=external.session,
        judged_at=judged_at,
    )


def _onward(request: HttpRequest, flow: Flow, linked: Linked) -> HttpResponseBase:
    """Return the redirect after connecting or reauthenticating.

    If the provider does not send ``auth_time`` and the person is on the way to an act, that takes a second step, so the
    redirect leads back to the reauthentication page.
    """
    is_proof = flow.process is Process.REAUTHENTICATE
    onward = flow.next or (after_reauthentication_to_connect() if is_proof else reverse("connections"))
    if is_proof and needs_reauthentication(onward) and not gate.is_reauthenticated(request, act_of(onward)):
        return gate.redirect_to_reauthenticate(request, next=onward)
    if onward == reverse("connections") and not flow.silent:
        messages.success(request, _notice(linked, is_proof=is_proof))
    return HttpResponseRedirect(onward)


def _apply_rules(
    request: HttpRequest, provider: Provider, flow: Flow, external: ExternalIdentity, linked: Linked
) -> None:
    """Apply the claim rules, also after connecting or reauthenticating: the claims are just as valid then.

    For a known identity, the rules were loaded together with it. For a new one, they are loaded only if the provider
    has any.
    """
    if linked.found is None and not flow.wanted:
        return
    known = linked.found.rules if linked.found else applying.load_rules(linked.identity, through=provider.id)
    provided = applying.ProvidedClaims(provider=provider.id, claims=external.provided, unreadable=external.unreadable)
    with acting(actor=Actor(ActorKind.SERVICE, provider.id)):
        was_blind = applying.apply_rules(
            linked.identity, provided, known, keep=request.session.session_key, only=provider.tenant_id
        )
    if was_blind:
        request.session[CLAIMS_UNREAD] = provider.id


def _notice(linked: Linked, *, is_proof: bool) -> str:
    if is_proof:
        return _("Thank you. We can work there on your behalf again.")
    if linked.decision is LinkingDecision.CONNECT:
        return _("Connected. You can sign in with it from now on. Your other devices were signed out.")
    return _("That one was already connected.")


def _remember_last_used(response: HttpResponseBase, provider: str) -> None:
    set_cookie(response, LAST_USED, provider, max_age=lifetimes.LAST_PROVIDER)
