"""The page that a person sees for each reason of a refusal, and the event that records it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from audit.events import Event
from providers.errors import NEEDS_THE_PERSON, WRONG_SET_UP
from providers.page_texts import NOTHING_CHANGED, PageText, Text
from providers.refusal import RefusalReason

NOT_SIGNED_IN = _("Nothing was changed, and you are not signed in.")


@dataclass(frozen=True, kw_only=True)
class RefusalPage(PageText):
    """The page of a refusal and its event. ``%(provider)s`` in a text is the provider's name."""

    meaning: Text = NOT_SIGNED_IN
    can_retry: bool = True
    by_another: bool = False  # the same account there would be refused again
    event: Event = Event.SIGN_IN_REFUSED


NOT_STARTED = RefusalPage(
    status=400,
    heading=_("Please start again"),
    happened=_("This sign-in was not started in this browser, is already finished, or took too long."),
    advice=_("Start again from the sign-in page."),
)
TOO_LATE = RefusalPage(
    status=400,
    heading=_("That took longer than ten minutes"),
    happened=_("For your safety, an answer from %(provider)s counts only within ten minutes of starting here."),
    advice=_("Try again: you will still get to where you were going."),
)
CANCELLED = RefusalPage(
    status=403,
    heading=_("Sign-in cancelled"),
    happened=_("You did not finish signing in with %(provider)s."),
    advice=_("Try again, or use another sign-in method."),
)
NOT_CONFIRMED = RefusalPage(
    status=403,
    heading=_("We could not confirm this with %(provider)s"),
    happened=_("The answer from %(provider)s did not pass our security checks."),
    advice=_(
        "Try again, or use another sign-in method. If it happens again, give your administrator the reference below."
    ),
)
NO_ANSWER = RefusalPage(
    status=424,
    heading=_("%(provider)s is not answering"),
    happened=_("We asked %(provider)s about you, and no answer came in time."),
    advice=_("Wait a moment and try again, or use another sign-in method."),
)
BUSY = RefusalPage(
    status=424,
    heading=_("Too many sign-ins at %(provider)s"),
    happened=_("Other sign-ins are waiting for %(provider)s, so we have not asked about you."),
    advice=_("Wait a moment and try again, or use another sign-in method."),
)
PROVIDER_FAILED = RefusalPage(
    status=424,
    heading=_("%(provider)s has a problem"),
    happened=_("%(provider)s answered, but with nothing that we can use."),
    advice=_(
        "Wait a moment and try again, or use another sign-in method. If it happens again, give your administrator the "
        "reference below."
    ),
)
UNAVAILABLE = RefusalPage(
    status=424,
    heading=_("%(provider)s cannot sign anybody in right now"),
    happened=_("%(provider)s told us that it is overloaded or closed for maintenance."),
    advice=_("Try again in a few minutes, or use another sign-in method."),
)
SET_UP_WRONGLY = RefusalPage(
    status=424,
    heading=_("Signing in with %(provider)s is set up wrongly"),
    happened=_(
        "%(provider)s answered, but it does not accept how this site asks, or this site does not accept its answer."
    ),
    advice=_("Trying again will not help. Give your administrator the reference below, or use another sign-in method."),
)
CODE_NOT_TAKEN = RefusalPage(
    status=424,
    heading=_("%(provider)s did not accept this sign-in"),
    happened=_("What %(provider)s gave your browser had expired or had already been used when we sent it back."),
    advice=_("Start again. If it happens again, give your administrator the reference below."),
)
NEEDS_YOU = RefusalPage(
    status=403,
    heading=_("%(provider)s needs something from you first"),
    happened=_("%(provider)s says that you have to sign in, agree to something or choose an account there."),
    advice=_("Try again, and follow the steps at %(provider)s."),
)
PAGES = {
    RefusalReason.STATE_MISSING: NOT_STARTED,
    RefusalReason.STATE_MALFORMED: NOT_STARTED,
    RefusalReason.STATE_UNKNOWN: NOT_STARTED,
    RefusalReason.STATE_EXPIRED: TOO_LATE,
    RefusalReason.STATE_USED: NOT_STARTED,
    RefusalReason.STATE_OF_ANOTHER_PROVIDER: NOT_STARTED,
    RefusalReason.CALLBACK_MALFORMED: NOT_STARTED,
    RefusalReason.FACTOR_ADDED_MEANWHILE: RefusalPage(
        status=409,
        heading=_("Please start again"),
        happened=_("A second factor was added to your account just now, and this sign-in did not include it."),
        advice=_("Start again, and use it when you are asked."),
    ),
    RefusalReason.CANCELLED: CANCELLED,
    RefusalReason.PROVIDER_BUSY: BUSY,
    RefusalReason.PROVIDER_UNREACHABLE: NO_ANSWER,
    RefusalReason.PROVIDER_NOT_PUBLIC: SET_UP_WRONGLY,
    RefusalReason.PROVIDER_ANSWER_INVALID: PROVIDER_FAILED,
    RefusalReason.METADATA_INVALID: SET_UP_WRONGLY,
    RefusalReason.CLIENT_REFUSED: SET_UP_WRONGLY,
    RefusalReason.CODE_REFUSED: CODE_NOT_TAKEN,
    RefusalReason.PROVIDER_OFF: RefusalPage(
        status=404,
        heading=_("This sign-in method is closed"),
        happened=_("Signing in with %(provider)s is not set up here."),
        advice=_("Use another sign-in method, or ask your administrator."),
    ),
    RefusalReason.LOCKED_BY_OWNER: RefusalPage(
        status=403,
        heading=_("Your account is locked"),
        happened=_("You locked this account on %(day)s."),
        advice=_("Ask an administrator to unlock it, and give them the reference below."),
        can_retry=False,
    ),
    RefusalReason.ACCOUNT_DEACTIVATED: RefusalPage(
        status=403,
        heading=_("Your account is switched off"),
        happened=_("%(provider)s knows you, and so do we, but an administrator has switched your account off."),
        advice=_("Ask your administrator, and give them the reference below."),
        by_another=True,
    ),
    RefusalReason.SIGN_UP_CLOSED: RefusalPage(
        status=403,
        heading=_("You have no account here yet"),
        happened=_("%(provider)s knows you, but it opens no accounts here."),
        advice=_("If you have an account, sign in as you did before. If not, ask your administrator for one."),
        by_another=True,
    ),
    RefusalReason.SIGN_UP_BY_INVITATION: RefusalPage(
        status=403,
        heading=_("You need an invitation"),
        happened=_("%(provider)s knows you, but new people need an invitation here."),
        advice=_("Open the link in your invitation, and sign in from there. If you have none, ask your administrator."),
        by_another=True,
    ),
    RefusalReason.SIGN_UP_OF_OTHER_DOMAINS: RefusalPage(
        status=403,
        heading=_("This account cannot be used here"),
        happened=_("%(provider)s knows you, but not by a confirmed address that is allowed here."),
        advice=_("Choose another account at %(provider)s, or ask your administrator."),
        by_another=True,
    ),
    RefusalReason.IDENTITY_OF_ANOTHER_ACCOUNT: RefusalPage(
        status=409,
        heading=_("This already leads to another account"),
        happened=_("The account you chose at %(provider)s is connected to another account here."),
        meaning=_("Nothing was changed. It can open only one account here."),
        advice=_("Choose another account at %(provider)s, or disconnect this one from the other account first."),
        by_another=True,
    ),
    RefusalReason.NOT_A_MEMBER: RefusalPage(
        status=403,
        heading=_("You do not belong to this organization"),
        happened=_("%(provider)s opens one organization here, and you are not, or not any more, a member of it."),
        advice=_("Ask an administrator of the organization to invite you, or use another sign-in method."),
        by_another=True,
    ),
    RefusalReason.IDENTITY_NOT_CONNECTED: RefusalPage(
        status=403,
        heading=_("This is not one of your sign-in methods"),
        happened=_("The account you chose at %(provider)s is not connected to the account you are signed in to."),
        meaning=NOTHING_CHANGED,
        advice=_(
            "Choose one that is connected. If you did, %(provider)s may identify you differently since it was "
            "moved or set up again. Then give your administrator the reference below."
        ),
        by_another=True,
    ),
    RefusalReason.STARTED_BY_ANOTHER_PERSON: RefusalPage(
        status=403,
        heading=_("Someone else started this"),
        happened=_("Another person was signed in when this began."),
        meaning=NOTHING_CHANGED,
        advice=_("Sign in, and start again from your own account."),
    ),
    RefusalReason.NOT_REAUTHENTICATED: RefusalPage(
        status=403,
        heading=_("That took a little too long"),
        happened=_("You can connect another sign-in method only within ten minutes of confirming that it is you."),
        meaning=NOTHING_CHANGED,
        advice=_("Start again: we will ask you to confirm once more."),
    ),
    RefusalReason.LAST_SIGN_IN_METHOD: RefusalPage(
        status=409,
        heading=_("This is your only sign-in method"),
        happened=_("Without %(provider)s you could no longer sign in, so it stays."),
        meaning=NOTHING_CHANGED,
        advice=_("Connect another sign-in method first; then you can disconnect this one."),
        can_retry=False,
        event=Event.IDENTITY_UNLINK_REFUSED,
    ),
    RefusalReason.STORE_UNREACHABLE: RefusalPage(
        status=503,
        heading=_("We cannot sign people in right now"),
        happened=_("A part of this site is not responding, and without it we cannot check that a sign-in is genuine."),
        advice=_("Try again in a moment."),
    ),
}
# Pages for registered error codes of providers, where the code says more than the reason.
PAGES_BY_ERROR = {
    **dict.fromkeys(NEEDS_THE_PERSON, NEEDS_YOU),
    **dict.fromkeys(WRONG_SET_UP, SET_UP_WRONGLY),
    "server_error": PROVIDER_FAILED,
    "slow_down": UNAVAILABLE,
    "temporarily_unavailable": UNAVAILABLE,
}
CHOOSE = {"account_selection_required"}  # errors after which the retry lets the person choose an account
