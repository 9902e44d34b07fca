"""Accounts: one row for each person."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Collate, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.active_membership import ActiveMembership
from accounts.models.email_fields import CanonicalField, EmailField, EmailQuerySet, WithEmail
from accounts.models.search_words import words_of
from accounts.models.site_rights import SiteRight
from accounts.sign_in.local.hashing import is_right
from foundation.canonical_email import canonical_or_none
from foundation.rows import fetch_one

# The keys by which lists are sorted and searched. They are never NULL, and in byte order, which serves both whatever
# the locale of the database. An address is in its canonical form (ADR 27), or as entered if it has none.
NAME_KEY = Collate(Upper("name"), "C")
EMAIL_KEY = Collate(Coalesce("canonical_email", "email", Value(""), output_field=models.TextField()), "C")
WORDS = words_of("name", "email", "canonical_email", "username")  # the words by which a search finds a person

HASH_AGAIN = """
    UPDATE "accounts_user" SET password = %s
    WHERE id = %s AND password = %s AND sign_in_epoch IS NOT DISTINCT FROM %s RETURNING sign_in_epoch
"""


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> EmailQuerySet["User"]:
        return EmailQuerySet(self.model, using=self._db)

    def create_user(self, *, password: str | None = None, **fields: Any) -> "User":
        """Create an account. Without a password, only an identity can sign in to it."""
        user = self.model(**fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, *, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username=username, password=password, is_staff=True, is_superuser=True, **fields)


class User(WithEmail, AbstractBaseUser, PermissionsMixin):
    """One account.

    An address is a contact, never a key: it is unique only once it is verified, by mail or by a provider that is
    trusted for it (ADR 2), and it never leads into an account. It is compared only by its canonical form (ADR 27).

    Credentials that were issued under another ``not_before`` are invalid; a trigger moves it whenever the account is
    deactivated or reactivated (ADR 21, 42). ``sign_in_epoch`` moves with every act on the person: an authentication
    that was verified in an earlier epoch opens no session (ADR 28).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        null=True,
        blank=True,
        help_text=_("Only for local accounts, such as the break-glass administrator."),
    )
    name = models.CharField(_("name"), max_length=255, blank=True)
    # The person or an administrator has set the name, so providers do not change it (providers.profile_sync).
    name_set_here = models.BooleanField(_("name was set here"), default=False, db_default=False, editable=False)
    email = EmailField(_("address"), max_length=320, null=True, blank=True)  # part of the contract
    canonical_email = CanonicalField(_("address, as it is compared"), of="email")
    email_verified = models.BooleanField(_("address is verified"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = SiteRight(_("may enter the admin"), default=False)
    is_superuser = SiteRight(
        _("superuser status"),
        default=False,
        help_text=_("Designates that this user has all permissions without explicitly assigning them."),
    )
    second_factor_required = models.BooleanField(
        _("needs a second factor"),
        default=False,
        db_default=False,
        help_text=_("At the next sign-in this person has to add a second factor, unless there is one."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    not_before = models.DateTimeField(_("nothing given before this serves any more"), null=True, editable=False)

    sign_in_epoch = models.DateTimeField(_("nothing judged before this opens a session"), null=True, editable=False)

    active_membership: ActiveMembership | None = None  # of this request
    pinned_tenant: uuid.UUID | None = None  # of this request: all that it may reach (ADR 73)
    identities_as_read: str | None = None  # with the session of this request (Identity.objects.listed)
    has_second_factor: bool | None = None  # None until it is queried (accounts.sign_in.factors.enrolled)
    last_login = None  # sessions and the trail have it, without an UPDATE at each sign-in

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                fields=["canonical_email"],
                condition=models.Q(email_verified=True),
                name="user_verified_email_unique",
                violation_error_message=_("Another account has this verified address."),
            ),
            models.CheckConstraint(
                condition=Q(email_verified=False) | Q(email=None) | Q(email="") | Q(canonical_email__isnull=False),
                name="user_verified_email_canonical",
                violation_error_message=_("This is no address that can be verified."),
            ),
        ]
        indexes = [
            models.Index(fields=["canonical_email"], name="user_email_canonical"),
            models.Index(
                fields=["id"], condition=models.Q(is_superuser=True, is_active=True), name="user_active_superuser"
            ),
            models.Index(fields=["created_at", "id"], name="user_newest"),
            models.Index(NAME_KEY, F("id"), name="user_by_name"),
            models.Index(EMAIL_KEY, F("id"), name="user_by_email"),
            GinIndex(WORDS, name="user_by_word"),
            models.Index(fields=["created_at", "id"], condition=Q(is_active=False), name="user_inactive"),
            models.Index(fields=["created_at", "id"], condition=Q(is_staff=True), name="user_staff"),
            models.Index(fields=["created_at", "id"], condition=Q(is_superuser=True), name="user_superuser"),
            models.Index(fields=["created_at", "id"], condition=Q(email_verified=False), name="user_unverified"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.username or str(self.pk)

    @property
    def is_stored_as_staff(self) -> bool:
        """Whether the account may enter the admin, also in a pinned session, where that does not count (ADR 73)."""
        stored: bool = vars(self)["is_staff"]
        return stored

    @property
    def own_email(self) -> str:
        """The canonical form of the address if it is verified, else an empty string."""
        return self.canonical_email or "" if self.email_verified else ""

    def validate_constraints(self, exclude: Any = None) -> None:
        """Validate the canonical form whenever the address is validated: no form has a field for it."""
        left_out = set(exclude or ())
        if "email" not in left_out:
            self.canonical_email = canonical_or_none(self.email)
            left_out.discard("canonical_email")
        super().validate_constraints(left_out)

    def check_password(self, raw_password: str | None) -> bool:
        """Check a password, and update a hash that was made with other parameters.

        The new hash replaces only the one that was checked, in the same epoch. Django's method overwrites whatever is
        there, so that an old password that was checked just before a reset would be restored.
        """
        return is_right(raw_password, self.password, self._hash_again)

    def _hash_again(self, raw_password: str) -> None:
        hashed = make_password(raw_password)
        row = fetch_one(HASH_AGAIN, [hashed, self.pk, self.password, self.sign_in_epoch])
        if row is not None:
            self.password, self.sign_in_epoch = hashed, row[0]

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ", 1)[0] or str(self)
