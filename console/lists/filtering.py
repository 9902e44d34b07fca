"""Filters for the list of people. Each uses an index and offers only what the user may see."""

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Tenant, User
from accounts.models.search_words import begin, words_of
from accounts.people import filters, search
from console.connections.choices import provider_choices
from console.scope import actor

OFFERED = 20  # tenants or roles; if there are more, a box below finds them by name
MOST_COUNTED = 1000  # of those that are not offered
Choices = list[tuple[Any, Any]]


class ProviderFilter(SimpleListFilter):
    title = _("sign-in method")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return list(provider_choices(actor(request)))

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        provider = self.value()
        if not provider:
            return queryset
        return filters.of_provider(queryset, provider)


class ProviderOfIdentityFilter(ProviderFilter):
    """Offers all providers: finding out which of them occur would read the whole table."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class SignedInFilter(SimpleListFilter):
    """Filters by live sessions. The trail has all sign-ins."""

    title = _("signed in, and still is")
    parameter_name = "signed_in"
    SINCE = {
        "hour": (_("In the last hour"), timedelta(hours=1)),
        "day": (_("In the last 24 hours"), timedelta(days=1)),
        "week": (_("In the last 7 days"), timedelta(days=7)),
        "month": (_("In the last 30 days"), timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(name, label) for name, (label, _ago) in self.SINCE.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() not in self.SINCE:
            return queryset
        _label, ago = self.SINCE[str(self.value())]
        return filters.signed_in_within(queryset, ago)


class SecondFactorFilter(SimpleListFilter):
    title = _("second factor")
    parameter_name = "second_factor"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return filters.by_second_factor(queryset, has_one=self.value() == "yes")


class FilterOfRows(SimpleListFilter):
    """Filters by a row of another table: offers the first few in scope, the number of others and a box to find them."""

    rows: QuerySet[Any]
    template = "admin/accounts/filter_of_rows.html"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: ModelAdmin[Any]) -> None:
        self.called = search.shortened(params.pop(self.called_name, [""])[-1])
        self.others = [
            (name, value)
            for name, values in request.GET.lists()
            for value in values
            if name not in {self.called_name, PAGE_VAR}
        ]
        self.more = 0
        super().__init__(request, params, model, model_admin)

    @property
    def called_name(self) -> str:
        return f"{self.parameter_name}_called"

    @property
    def is_long(self) -> bool:
        return bool(self.more or self.called)

    def expected_parameters(self) -> list[str | None]:
        return [*super().expected_parameters(), self.called_name]

    def has_output(self) -> bool:
        return super().has_output() or self.is_long

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        known = self.rows.all()
        if self.called:
            known = known.filter(begin(words_of("name"), self.called))
        offered = list(known[: OFFERED + 1])
        if len(offered) > OFFERED:
            self.more = known.values("pk")[OFFERED : OFFERED + MOST_COUNTED].count()
        offered = offered[:OFFERED]
        chosen = self.chosen()
        if chosen is not None and chosen not in {row.pk for row in offered}:
            offered += self.rows.filter(pk=chosen)
        return [(str(row.pk), str(row)) for row in offered]

    def chosen(self) -> Any:
        """Return the id in the URL, if any. Raises IncorrectLookupParameters if it is not valid."""
        try:
            return self.rows.model._meta.pk.to_python(self.value())
        except ValidationError as wrong:
            raise IncorrectLookupParameters from wrong


class TenantFilter(FilterOfRows):
    title = _("tenant")
    parameter_name = "tenant"
    rows = Tenant.objects.order_by("name", "pk")

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        tenant = self.chosen()
        return filters.with_membership(queryset, tenant_id=tenant) if tenant else queryset


class RoleFilter(FilterOfRows):
    """Filters by role in the tenant of ``TenantFilter`` if one is chosen, otherwise in any tenant."""

    title = _("role")
    parameter_name = "role"
    rows = Role.objects.order_by("name", "pk")

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        role = self.chosen()
        if role is None:
            return queryset
        tenant = request.GET.get(TenantFilter.parameter_name)
        return filters.with_membership(queryset, role_id=role, **({"tenant_id": tenant} if tenant else {}))
