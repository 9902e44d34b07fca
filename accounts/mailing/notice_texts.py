"""The text of each notice. Names in it are ours, an organization's or an app's, never text that the person typed."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Notice(StrEnum):
    """What happened to a person's account."""

    APP_ADDED = "app_added"
    APP_REPLACED = "app_replaced"
    APP_REMOVED = "app_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODES_REMOVED = "recovery_codes_removed"
    FACTORS_RESET = "factors_reset"
    IDENTITY_CONNECTED = "identity_connected"
    IDENTITY_DISCONNECTED = "identity_disconnected"
    PASSWORD_CHANGED = "password_changed_inside"  # noqa: S105  # what happened
    PASSWORD_SET = "password_set"  # noqa: S105  # what happened
    EMAIL_SET = "email_set"
    NEW_DEVICE = "new_device"
    DATA_EXPORTED = "data_exported"
    DATA_GIVEN_OUT = "data_given_out"
    LOCKED = "locked"
    SIGNED_OUT = "signed_out"
    CUT_OFF = "cut_off"
    CUT_OFF_AND_DEACTIVATED = "closed"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    SITE_RIGHTS_GIVEN = "site_rights_given"
    TENANT_RIGHTS_GIVEN = "tenant_rights_given"
    TOKENS_REUSED = "tokens_reused"  # what happened


@dataclass(frozen=True, kw_only=True)
class NoticeText:
    """The text of a notice. The placeholders ``%(site)s``, ``%(provider)s``, ``%(tenant)s`` and ``%(app)s`` are names.

    ``by_owner`` means that it was done from the account itself: the mail says from where, and how to stop an intruder.
    ``can_sign_in`` is false if the account is locked.
    """

    subject: Promise
    happened: Promise
    by_owner: bool = True
    can_sign_in: bool = True


NOTICE_TEXTS = {
    Notice.APP_ADDED: NoticeText(
        subject=_("An authenticator app was added to your account"),
        happened=_(
            "An authenticator app was added as a second factor of your account at %(site)s. "
            "All other devices were signed out."
        ),
    ),
    Notice.APP_REPLACED: NoticeText(
        subject=_("Your authenticator app was replaced"),
        happened=_(
            "The authenticator app of your account at %(site)s was replaced by a new one. The old app does not work "
            "any more. Your recovery codes stay valid. All other devices were signed out."
        ),
    ),
    Notice.APP_REMOVED: NoticeText(
        subject=_("An authenticator app was removed from your account"),
        happened=_(
            "The authenticator app was removed from your account at %(site)s. All other devices were signed out."
        ),
    ),
    Notice.PASSKEY_ADDED: NoticeText(
        subject=_("A passkey was added to your account"),
        happened=_("A passkey was added to your account at %(site)s. All other devices were signed out."),
    ),
    Notice.PASSKEY_REMOVED: NoticeText(
        subject=_("A passkey was removed from your account"),
        happened=_("A passkey was removed from your account at %(site)s. All other devices were signed out."),
    ),
    Notice.RECOVERY_CODES_RENEWED: NoticeText(
        subject=_("Your recovery codes were renewed"),
        happened=_(
            "New recovery codes were made for your account at %(site)s. The old codes do not work any more. "
            "All other devices were signed out."
        ),
    ),
    Notice.RECOVERY_CODES_REMOVED: NoticeText(
        subject=_("Your recovery codes were removed"),
        happened=_("The recovery codes of your account at %(site)s were removed. All other devices were signed out."),
    ),
    Notice.FACTORS_RESET: NoticeText(
        subject=_("Your second factors were removed"),
        happened=_(
            "An administrator removed all second factors of your account at %(site)s, recovery codes included. "
            "All devices were signed out. You can sign in and add a new second factor."
        ),
        by_owner=False,
    ),
    Notice.IDENTITY_CONNECTED: NoticeText(
        subject=_("A sign-in method was added to your account"),
        happened=_(
            "%(provider)s was connected to your account at %(site)s. You can sign in with it from now on. "
            "All other devices were signed out."
        ),
    ),
    Notice.IDENTITY_DISCONNECTED: NoticeText(
        subject=_("A sign-in method was removed from your account"),
        happened=_(
            "%(provider)s was disconnected from your account at %(site)s. It does not open your account any more. "
            "All other devices were signed out."
        ),
    ),
    Notice.PASSWORD_CHANGED: NoticeText(
        subject=_("Your password was changed"),
        happened=_(
            "The password of your account at %(site)s was changed by somebody who was signed in to it and knew the "
            "old one. All other devices were signed out."
        ),
    ),
    Notice.PASSWORD_SET: NoticeText(
        subject=_("An administrator changed your password"),
        happened=_("An administrator changed the password of your account at %(site)s. All devices were signed out."),
        by_owner=False,
    ),
    Notice.EMAIL_SET: NoticeText(
        subject=_("An administrator changed your e-mail address"),
        happened=_(
            "An administrator changed the e-mail address of your account at %(site)s. It is no longer this one."
        ),
        by_owner=False,
    ),
    Notice.NEW_DEVICE: NoticeText(
        subject=_("New sign-in to your account"),
        happened=_("Your account at %(site)s was used to sign in from a browser that we have not seen before."),
    ),
    Notice.DATA_EXPORTED: NoticeText(
        subject=_("The data of your account was downloaded"),
        happened=_("Everything that %(site)s keeps about you was downloaded from your account."),
    ),
    Notice.DATA_GIVEN_OUT: NoticeText(
        subject=_("The data of your account was given out"),
        happened=_("An administrator downloaded everything that %(site)s keeps about you."),
        by_owner=False,
    ),
    Notice.LOCKED: NoticeText(
        subject=_("Your account was locked"),
        happened=_(
            "Your account at %(site)s was locked from its own pages. All devices were signed out, and nobody can sign "
            "in until an administrator opens the account again."
        ),
        can_sign_in=False,
    ),
    Notice.SIGNED_OUT: NoticeText(  # the last superuser's account is never deactivated
        subject=_("Your account was signed out everywhere"),
        happened=_(
            "All sessions, sign-ins and mailed links of your account at %(site)s were ended from its own pages. "
            "The account stays open, because it is the last administrator's."
        ),
    ),
    Notice.CUT_OFF: NoticeText(
        subject=_("You were signed out everywhere"),
        happened=_(
            "An administrator ended all sessions, sign-ins and mailed links of your account at %(site)s. "
            "You can sign in again."
        ),
        by_owner=False,
    ),
    Notice.CUT_OFF_AND_DEACTIVATED: NoticeText(
        subject=_("Your account was closed"),
        happened=_(
            "An administrator closed your account at %(site)s. All devices were signed out, and nobody can sign in "
            "until the account is opened again."
        ),
        by_owner=False,
    ),
    Notice.DEACTIVATED: NoticeText(
        subject=_("Your account was deactivated"),
        happened=_(
            "An administrator deactivated your account at %(site)s. All devices were signed out, and nobody can sign "
            "in until the account is activated again."
        ),
        by_owner=False,
    ),
    Notice.REACTIVATED: NoticeText(
        subject=_("Your account is active again"),
        happened=_("An administrator activated your account at %(site)s again. You can sign in."),
        by_owner=False,
    ),
    Notice.SITE_RIGHTS_GIVEN: NoticeText(
        subject=_("You were made an administrator"),
        happened=_("Your account at %(site)s was given rights of an administrator for the whole site."),
        by_owner=False,
    ),
    Notice.TENANT_RIGHTS_GIVEN: NoticeText(
        subject=_("You were made an administrator of an organization"),
        happened=_("Your account at %(site)s was given rights of an administrator in %(tenant)s."),
        by_owner=False,
    ),
    Notice.TOKENS_REUSED: NoticeText(
        subject=_("An app lost its access to your account"),
        happened=_(
            "The access that you had given to the app %(app)s for your account at %(site)s was used twice, as if "
            "somebody had a copy of it. So all of it has ended. To use the app, sign in to it again."
        ),
        by_owner=False,
    ),
}
