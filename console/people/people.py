"""The list of people in the admin: sorted, searched, filtered, exported, with bulk actions, for a million people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.models.search_words import begin
from accounts.models.user import EMAIL_KEY, NAME_KEY, WORDS
from accounts.people import search
from console.lists.export import ExportAdmin
from console.lists.filtering import (
    ProviderFilter,
    RoleFilter,
    SecondFactorFilter,
    SignedInFilter,
    TenantFilter,
)
from console.lists.paging import KeysetAdmin, KeysetChangeList, PageCursor
from console.people.bulk import BulkAdmin

if TYPE_CHECKING:
    Base = admin.ModelAdmin[User]
else:
    Base = object


class SearchedList(KeysetChangeList):
    """A list of people that searches for a common word in the next rows before it collects all matches (ADR 39)."""

    everybody: QuerySet[User] | None = None  # the list without the search, if its word is common

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found = super().get_queryset(request, exclude_parameters)
        query = self.query
        if query and search.is_common(self.root_queryset, query):
            self.query = ""
            self.everybody = super().get_queryset(request, exclude_parameters)
            self.query = query
        return found

    def countable(self) -> QuerySet[Any]:
        if self.everybody is None:
            return super().countable()
        return self.everybody.filter(begin(WORDS, search.shortened(self.query)))

    def read(self, place: PageCursor | None, count: int) -> list[Any]:
        """Look among the next people first. If they do not fill the page, collect all matches."""
        if self.everybody is not None:
            keys = search.among_next(self.ordered(self.everybody, place), self.query, count)
            if keys:
                return self.rows_of(keys)
        return super().read(place, count)


class PeopleList(BulkAdmin, ExportAdmin, KeysetAdmin, Base):
    list_display = ("name_shown", "email_shown", "email_verified", "is_active", "is_staff", "created_at")
    list_filter: ClassVar[Any] = (
        "is_active",
        "is_staff",
        "is_superuser",
        "email_verified",
        ProviderFilter,
        TenantFilter,
        RoleFilter,
        SignedInFilter,
        "second_factor_required",
        SecondFactorFilter,
    )
    sortable_by: ClassVar[Any] = ("name_shown", "email_shown", "created_at")
    ordering: ClassVar[Any] = ("-created_at",)
    search_fields: ClassVar[Any] = ("email",)  # any value shows the box; get_search_results does the search
    search_help_text: ClassVar[Any] = _(
        "The beginning of each word: of a name, an address, its domain or a username. The beginning of a session's "
        "id. The whole id of an account or a tenant, a subject, the network address of a live session, the name or "
        "short name of a tenant."
    )
    export_columns: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "name": "name",
        "email": "email",
        "email_verified": "email_verified",
        "username": "username",
        "is_active": "is_active",
        "is_staff": "is_staff",
        "is_superuser": "is_superuser",
        "created_at": "created_at",
    }

    @admin.display(description=_("name"), ordering=NAME_KEY)
    def name_shown(self, user: User) -> str:
        return str(user)

    @admin.display(description=_("address"), ordering=EMAIL_KEY)
    def email_shown(self, user: User) -> str:
        return user.email or ""

    def get_changelist(self, request: HttpRequest, **_options: Any) -> type[KeysetChangeList]:
        return SearchedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return search.find(queryset, search_term), False
