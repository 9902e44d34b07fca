"""What a person reads for each reason of a refusal, and as what the trail knows it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from audit.events import Event
from providers.errors import NEEDS_THE_PERSON, WRONG_SET_UP
from providers.refusal import Reason
from providers.words import NOTHING_CHANGED, Text, Words

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
    advice=_("Try again, or use another sign-in method."),
)
NOT_CONFIRMED = Page(
    status=403,
    heading=_("We could not confirm this with %(provider)s"),
    happened=_("The answer from %(provider)s did not pass our security checks."),
    advice=_(
        "Try again, or use another sign-in method. If it happens again, give your administrator the reference below."
    ),
)
NO_ANSWER = Page(
    status=424,
    heading=_("%(provider)s is not answering"),
    happened=_("We asked %(provider)s about you, and no answer came in time."),
    advice=_("Wait a moment and try again, or use another sign-in method."),
)
BUSY = Page(
    status=424,
    heading=_("Too many sign-ins at %(provider)s"),
    happened=_("Other sign-ins are waiting for %(provider)s, so we have not asked about you."),
    advice=_("Wait a moment and try again, or use another sign-in method."),
)
IN_TROUBLE = Page(
    status=424,
    heading=_("%(provider)s has a problem"),
    happened=_("%(provider)s answered, but with nothing that we can use."),
    advice=_(
        "Wait a moment and try again, or use another sign-in method. If it happens again, give your administrator the "
        "reference below."
    ),
)
UNAVAILABLE = Page(
    status=424,
    heading=_("%(provider)s cannot sign anybody in right now"),
    happened=_("%(provider)s told us that it is overloaded or closed for maintenance."),
    advice=_("Try again in a few minutes, or use another sign-in method."),
)
SET_UP_WRONGLY = Page(
    status=424,
    heading=_("Signing in with %(provider)s is set up wrongly"),
    happened=_(
        "%(provider)s answered, but it does not accept how this site asks, or this site does not accept its answer."
    ),
    advice=_("Trying again will not help. Give your administrator the reference below, or use another sign-in method."),
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
        heading=_("This sign-in method is closed"),
        happened=_("Signing in with %(provider)s is not set up here."),
        advice=_("Use another sign-in method, or ask your administrator."),
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
        heading=_("This is not one of your sign-in methods"),
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
        happened=_("You can connect another sign-in method only within ten minutes of confirming that it is you."),
        meaning=NOTHING_CHANGED,
        advice=_("Start again: we will ask you to confirm once more."),
    ),
    Reason.LAST_WAY_IN: Page(
        status=409,
        heading=_("This is your only sign-in method"),
        happened=_("Without %(provider)s you could no longer sign in, so it stays."),
        meaning=NOTHING_CHANGED,
        advice=_("Connect another sign-in method first; then you can disconnect this one."),
        can_retry=False,
        event=Event.IDENTITY_UNLINK_REFUSED,
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
