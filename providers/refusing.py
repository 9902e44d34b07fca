"""Saying no: the page a person sees, the row in the trail and the line in the log, all with one reference."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.local import registration
from accounts.next_page import query
from accounts.provider_names import name_of
from audit.events import Event, record
from providers import registry
from providers.buttons import buttons, page_with_buttons, start_url
from providers.errors import NEEDS_THE_PERSON, WRONG_SET_UP
from providers.flow import Flow, Process
from providers.identity import ExternalIdentity
from providers.refusal import Reason, SignInRefused
from providers.refused.keeping import keep
from providers.words import NOTHING_CHANGED, Text, Words

logger = logging.getLogger(__name__)

NOT_SIGNED_IN = _("Nothing was changed, and you are not signed in.")


@dataclass(frozen=True, kw_only=True)
class Page(Words):
    """What a person is told, and as what the trail knows it. ``%(provider)s`` is the provider's name."""

    meaning: Text = NOT_SIGNED_IN
    can_retry: bool = True
    by_another: bool = False  # the same account there would be refused again
    event: Event = Event.SIGN_IN_REFUSED


NOT_STARTED = Page(
    status=400,
    heading=_("Please start again"),
    happened=_("This sign-in was not started in this browser, is already finished, or took too long."),
    advice=_("Start again from the sign-in page."),
)
TOO_LATE = Page(
    status=400,
    heading=_("That took longer than ten minutes"),
    happened=_("For your safety, an answer from %(provider)s counts only within ten minutes of starting here."),
    advice=_("Try again: you will still get to where you were going."),
)
CANCELLED = Page(
    status=403,
    heading=_("Sign-in cancelled"),
    happened=_("You did not finish signing in with %(provider)s."),
    advice=_("Try again, or use another way in."),
)
NOT_CONFIRMED = Page(
    status=403,
    heading=_("We could not confirm this with %(provider)s"),
    happened=_("The answer from %(provider)s did not pass our security checks."),
    advice=_("Try again, or use another way in. If it happens again, give your administrator the reference below."),
)
NO_ANSWER = Page(
    status=424,
    heading=_("%(provider)s is not answering"),
    happened=_("We asked %(provider)s about you, and no answer came in time."),
    advice=_("Wait a moment and try again, or use another way in."),
)
BUSY = Page(
    status=424,
    heading=_("Too many sign-ins at %(provider)s"),
    happened=_("Other sign-ins are waiting for %(provider)s, so we have not asked about you."),
    advice=_("Wait a moment and try again, or use another way in."),
)
IN_TROUBLE = Page(
    status=424,
    heading=_("%(provider)s has a problem"),
    happened=_("%(provider)s answered, but with nothing that we can use."),
    advice=_(
        "Wait a moment and try again, or use another way in. If it happens again, give your administrator the "
        "reference below."
    ),
)
UNAVAILABLE = Page(
    status=424,
    heading=_("%(provider)s cannot sign anybody in right now"),
    happened=_("%(provider)s told us that it is overloaded or closed for maintenance."),
    advice=_("Try again in a few minutes, or use another way in."),
)
SET_UP_WRONGLY = Page(
    status=424,
    heading=_("Signing in with %(provider)s is set up wrongly"),
    happened=_(
        "%(provider)s answered, but it does not accept how this site asks, or this site does not accept its answer."
    ),
    advice=_("Trying again will not help. Give your administrator the reference below, or use another way in."),
)
CODE_NOT_TAKEN = Page(
    status=424,
    heading=_("%(provider)s did not accept this sign-in"),
    happened=_("What %(provider)s gave your browser had expired or had already been used when we sent it back."),
    advice=_("Start again. If it happens again, give your administrator the reference below."),
)
NEEDS_YOU = Page(
    status=403,
    heading=_("%(provider)s needs something from you first"),
    happened=_("%(provider)s says that you have to sign in, agree to something or choose an account there."),
    advice=_("Try again, and follow the steps at %(provider)s."),
)
PAGES = {
    Reason.STATE_MISSING: NOT_STARTED,
    Reason.STATE_MALFORMED: NOT_STARTED,
    Reason.STATE_UNKNOWN: NOT_STARTED,
    Reason.STATE_EXPIRED: TOO_LATE,
    Reason.STATE_USED: NOT_STARTED,
    Reason.STATE_OF_ANOTHER_PROVIDER: NOT_STARTED,
    Reason.CALLBACK_MALFORMED: NOT_STARTED,
    Reason.FACTOR_ADDED_MEANWHILE: Page(
        status=409,
        heading=_("Please start again"),
        happened=_("A second factor was added to your account just now, and this sign-in did not include it."),
        advice=_("Start again, and use it when you are asked."),
    ),
    Reason.CANCELLED: CANCELLED,
    Reason.PROVIDER_BUSY: BUSY,
    Reason.PROVIDER_UNREACHABLE: NO_ANSWER,
    Reason.PROVIDER_ANSWER_INVALID: IN_TROUBLE,
    Reason.METADATA_INVALID: SET_UP_WRONGLY,
    Reason.CLIENT_REFUSED: SET_UP_WRONGLY,
    Reason.CODE_REFUSED: CODE_NOT_TAKEN,
    Reason.PROVIDER_OFF: Page(
        status=404,
        heading=_("This way in is closed"),
        happened=_("Signing in with %(provider)s is not set up here."),
        advice=_("Use another way in, or ask your administrator."),
    ),
    Reason.LOCKED_BY_OWNER: Page(
        status=403,
        heading=_("Your account is locked"),
        happened=_("You locked this account on %(day)s."),
        advice=_("Ask an administrator to unlock it, and give them the reference below."),
        can_retry=False,
    ),
    Reason.ACCOUNT_INACTIVE: Page(
        status=403,
        heading=_("Your account is switched off"),
        happened=_("%(provider)s knows you, and so do we, but an administrator has switched your account off."),
        advice=_("Ask your administrator, and give them the reference below."),
        by_another=True,
    ),
    Reason.IDENTITY_OF_ANOTHER_ACCOUNT: Page(
        status=409,
        heading=_("This already leads to another account"),
        happened=_("The account you chose at %(provider)s is connected to another account here."),
        meaning=_("Nothing was changed. It can open only one account here."),
        advice=_("Choose another account at %(provider)s, or disconnect this one from the other account first."),
        by_another=True,
    ),
    Reason.IDENTITY_NOT_CONNECTED: Page(
        status=403,
        heading=_("This is not one of your ways in"),
        happened=_("The account you chose at %(provider)s is not connected to the account you are signed in to."),
        meaning=NOTHING_CHANGED,
        advice=_(
            "Choose one that is connected. If you did, %(provider)s may identify you differently since it was "
            "moved or set up again. Then give your administrator the reference below."
        ),
        by_another=True,
    ),
    Reason.STARTED_BY_ANOTHER_PERSON: Page(
        status=403,
        heading=_("Someone else started this"),
        happened=_("Another person was signed in when this began."),
        meaning=NOTHING_CHANGED,
        advice=_("Sign in, and start again from your own account."),
    ),
    Reason.NOT_FRESH: Page(
        status=403,
        heading=_("That took a little too long"),
        happened=_("You can connect another way in only within ten minutes of confirming that it is you."),
        meaning=NOTHING_CHANGED,
        advice=_("Start again: we will ask you to confirm once more."),
    ),
    Reason.LAST_WAY_IN: Page(
        status=409,
        heading=_("This is your only way in"),
        happened=_("Without %(provider)s you could no longer sign in, so it stays."),
        meaning=NOTHING_CHANGED,
        advice=_("Connect another way in first; then you can disconnect this one."),
        can_retry=False,
        event=Event.IDENTITY_KEPT,
    ),
    Reason.STORE_UNREACHABLE: Page(
        status=503,
        heading=_("We cannot sign people in right now"),
        happened=_("A part of this site is not responding, and without it we cannot check that a sign-in is genuine."),
        advice=_("Try again in a moment."),
    ),
}
# What a provider said by a registered name is told in words of its own, where the reason alone says less.
PAGES_BY_ERROR = {
    **dict.fromkeys(NEEDS_THE_PERSON, NEEDS_YOU),
    **dict.fromkeys(WRONG_SET_UP, SET_UP_WRONGLY),
    "server_error": IN_TROUBLE,
    "slow_down": UNAVAILABLE,
    "temporarily_unavailable": UNAVAILABLE,
}
CHOOSE = {"account_selection_required"}  # what a provider answers that lets the person choose when asked to
CLASH_STATUS = 409


def refuse(
    request: HttpRequest,
    provider_id: str,
    refused: SignInRefused,
    flow: Flow | None = None,
    *,
    came: ExternalIdentity | None = None,
) -> HttpResponse:
    """Record a refusal and answer with its page. Call it after the rollback of what was refused.

    Trying again means what was meant before: ``flow`` says what that was, where it is known. ``came`` is the identity
    that the provider vouched for, where it got that far.
    """
    if is_too_often(request):
        return limits.too_often(limits.REFUSALS)
    page = PAGES_BY_ERROR.get(refused.error) or PAGES.get(refused.reason, NOT_CONFIRMED)
    note_refusal(page.event, provider_id, refused, came=came)
    if refused.reason is Reason.ADDRESS_OF_ANOTHER_ACCOUNT:
        return _clash_page(request, provider_id, refused, flow)
    context = {
        **page.said(provider=name_of(provider_id), day=_day(refused)),
        "reference": refused.reference,
        "detail": refused.detail if getattr(request.user, "is_staff", False) else "",
        **_ways_on(request, provider_id, flow, by_another=page.by_another or refused.error in CHOOSE),
    }
    if not page.can_retry:
        context["retry_url"] = ""
    if request.user.is_authenticated and page.meaning is NOT_SIGNED_IN:
        context["meaning"] = str(NOTHING_CHANGED)
    return page_with_buttons(request, "providers/refusal.html", context, status=page.status)


def _day(refused: SignInRefused) -> str:
    return date_format(localtime(refused.since), "j M Y") if refused.since else ""


def is_too_often(_request: HttpRequest) -> bool:
    """Count a refusal, and say whether there were so many that it leaves no entry, and no reference is shown.

    Only what is refused is counted: somebody beside an attacker, behind one address, still comes in.
    """
    return not limits.may_leave_entry()


def note_refusal(
    event: Event, provider_id: str, refused: SignInRefused, *, came: ExternalIdentity | None = None
) -> None:
    """Tell the trail and the log why something was refused, under the reference that its page shows.

    The entry names the row that tells what came, so that whoever looks up the reference finds it.
    """
    with transaction.atomic():
        record(
            event,
            person=refused.person,
            object=keep(refused, came) if came else None,
            provider=provider_id,
            refused_because=refused.reason.value,
            reference=refused.reference,
            detail=refused.detail,
        )
    logger.warning(
        "refused: provider=%s reason=%s reference=%s detail=%s",
        provider_id, refused.reason.value, refused.reference, refused.detail,
    )  # fmt: skip


def _ways_on(request: HttpRequest, provider_id: str, flow: Flow | None, *, by_another: bool) -> dict[str, object]:
    """Offer the same again, and the way back to where the person has others to choose from."""
    is_inside = request.user.is_authenticated
    label = _("Use another account at %(provider)s") if by_another else _("Try again with %(provider)s")
    page, other_label = _elsewhere(flow, is_inside=is_inside)
    return {
        "retry_url": _again(provider_id, flow, by_another=by_another),
        "retry_label": label % {"provider": name_of(provider_id)},
        "other_url": reverse(page) + (query(flow.next, stay=flow.stays) if flow else ""),
        "other_label": other_label,
    }


def _elsewhere(flow: Flow | None, *, is_inside: bool) -> tuple[str, Text]:
    """Return the page with other ways to the same, and what its link says."""
    if not is_inside:
        return "account_login", _("Use another way in")
    if flow and flow.process is Process.PROVE and flow.next:
        return "prove", _("Show it in another way")
    return "connections", _("Back to your ways in")


def _again(provider_id: str, flow: Flow | None, *, by_another: bool) -> str:
    """Return the start of the same attempt, or nothing where the provider is off."""
    provider = registry.enabled().get(provider_id)
    if provider is None:
        return ""
    flow = flow or Flow(provider=provider_id, process=Process.SIGN_IN)
    another = by_another or flow.another
    return start_url(provider, process=flow.process, next_url=flow.next, stay=flow.stays, another=another)


def _clash_page(request: HttpRequest, provider_id: str, refused: SignInRefused, flow: Flow | None) -> HttpResponse:
    """The address belongs to an account: explain why that is no reason to open it, and show the safe ways.

    They are those of the site, whatever the account has: a stranger with the address must not learn what opens it.
    """
    others = [provider for provider in registry.enabled().values() if provider.id != provider_id]
    onward = reverse("connections") + (query(flow.next, stay=False) if flow else "")
    context = {
        "provider": {"id": provider_id, "name": name_of(provider_id)},
        "ways": buttons(request, next_url=onward, among=others),
        "local_url": reverse("local-sign-in") + query(onward, stay=False) if registration.is_on() else "",
        "reference": refused.reference,
        "another_url": _again(provider_id, flow, by_another=True),
    }
    return page_with_buttons(request, "providers/clash.html", context, status=CLASH_STATUS)
