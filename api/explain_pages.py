"""Pages of the admin that explain what a person, a service or an app may do in the API. ``config`` adds them there.

For superusers, that of a person also says which protected hosts are open to them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import Membership, User
from api.explaining import Candidate, explain, explain_host, of_client, of_person, of_service
from api.pages import described
from api.rights import Lack
from api.service import operations
from authserver.models import Client, ProtectedHost, ServiceAccount

WORDS: Mapping[str, str | Promise] = {
    "active": _("does not work now: %s"),
    "scope": _("lacks the scope %s"),
    "permission": _("lacks the right %s"),
    "role": _("lacks the role %s on the site"),
    "org_role": _("lacks the role %s"),
    "tenant": _("acts in no tenant"),
    "tier": _("lacks the tier %s"),
    "kind": _("is not a person"),
    "session": _("needs a browser"),
    "unpinned": _("came in through an organization's own sign-in"),
    "fresh": _("needs a recent sign-in"),
    "acr": _("needs a second factor"),
}
WORDS_AT_HOSTS: Mapping[str, str | Promise] = {
    **WORDS,
    "tenant": _("is not a member of its organization"),
    "scope": _("their role lacks the scope %s"),
}
REFUSALS: Mapping[str, str | Promise] = {  # the others are those of services, whose pages say more
    "person_inactive": _("the account is deactivated"),
    "host_closed": _("the host is switched off"),
    "client_stopped": _("the app is stopped"),
    "not_in_its_own_name": _("without client credentials, the app acts for people only"),
}
BROWSER, TOKEN = "browser", "token"


class ExplainForm(forms.Form):
    """With what somebody would call the API. Of a service or an app only the scopes are asked."""

    tenant = forms.ChoiceField(label=_("Where"), required=False)
    how = forms.ChoiceField(
        label=_("With"), choices=[(BROWSER, _("a browser")), (TOKEN, _("a token or key"))], required=False
    )
    scopes = forms.CharField(
        label=_("Scopes"), max_length=2000, required=False, help_text=_("Of the token or key, separated by spaces.")
    )
    has_factor = forms.BooleanField(label=_("signed in with a second factor"), required=False)

    def __init__(self, data: Any, *, tenants: Sequence[tuple[str, str]] | None) -> None:
        """``tenants`` are those of a person; None is given for others."""
        super().__init__(data)
        if tenants is None:
            for name in ("tenant", "how", "has_factor"):
                del self.fields[name]
            self.fields["scopes"].help_text = _("Of the token or key, separated by spaces. Empty: all that it may use.")
        else:
            self.fields["tenant"].choices = [*tenants, ("", _("no tenant"))]  # type: ignore[attr-defined]  # it has some


@dataclass(frozen=True, kw_only=True)
class Explained:
    """An operation of the API or a protected host, and why not, if it may not be used."""

    name: str
    description: str
    reasons: Sequence[str]

    @property
    def parts(self) -> list[str]:
        """The name, cut where a narrow column may break it: after a slash."""
        return re.findall(r"[^/]*/|[^/]+", self.name)


@require_safe
def explain_person(request: HttpRequest, key: UUID) -> HttpResponse:
    """Explain a person. An administrator of a tenant asks about their tenant, a superuser about any of the person's."""
    person = _found(request, User, key)
    found = Membership.objects.filter(user=person).select_related("tenant").order_by("-is_primary", "pk")
    tenants = [(str(one.tenant_id), one.tenant.name) for one in found]
    given = request.GET or {"tenant": tenants[0][0] if tenants else "", "how": BROWSER, "has_factor": "on"}
    form = ExplainForm(given, tenants=tenants)
    candidate: Candidate | None = None
    hosts: Sequence[Explained] = ()
    if form.is_valid():
        asked = form.cleaned_data
        tenant_id = UUID(asked["tenant"]) if asked["tenant"] else None
        candidate = of_person(
            User.objects.get(pk=person.pk),
            tenant_id=tenant_id,
            scopes=asked["scopes"].split() if asked["how"] == TOKEN else None,
            has_factor=asked["has_factor"],
        )
        hosts = _at_hosts(request, person, tenant_id=tenant_id, has_factor=asked["has_factor"])
    return _page(request, person, form, candidate, hosts)


@require_safe
def explain_service(request: HttpRequest, key: UUID) -> HttpResponse:
    """Explain a service."""
    service = _found(request, ServiceAccount, key)
    form = ExplainForm(request.GET, tenants=None)
    return _page(request, service, form, of_service(service, scopes=_scopes(form)) if form.is_valid() else None)


@require_safe
def explain_client(request: HttpRequest, key: UUID) -> HttpResponse:
    """Explain an app in its own name."""
    client = _found(request, Client, key)
    form = ExplainForm(request.GET, tenants=None)
    return _page(request, client, form, of_client(client, scopes=_scopes(form)) if form.is_valid() else None)


def _found(request: HttpRequest, model: type[Any], key: UUID) -> Any:
    """Return the row that the admin shows the reader. Raises Http404 and PermissionDenied."""
    model_admin = admin.site._registry[model]  # noqa: SLF001  # Django's registry
    found = model_admin.get_object(request, str(key))
    if found is None:
        raise Http404
    if not model_admin.has_view_permission(request, found):
        raise PermissionDenied
    return found


def _scopes(form: ExplainForm) -> list[str] | None:
    return form.cleaned_data["scopes"].split() or None


def _at_hosts(request: HttpRequest, person: User, *, tenant_id: UUID | None, has_factor: bool) -> Sequence[Explained]:
    """Explain the protected hosts, in a browser, to who may see them in the admin."""
    if not admin.site._registry[ProtectedHost].has_view_permission(request):  # noqa: SLF001  # Django's registry
        return []
    ask = partial(explain_host, User.objects.get(pk=person.pk), tenant_id=tenant_id, has_factor=has_factor)
    return [
        Explained(name=host.origin, description=host.name, reasons=_all_in_words(ask(host), WORDS_AT_HOSTS))
        for host in ProtectedHost.objects.all()
    ]


def _page(
    request: HttpRequest,
    row: Model,
    form: ExplainForm,
    candidate: Candidate | None,
    hosts: Sequence[Explained] = (),
) -> HttpResponse:
    lacking = explain(candidate, operations()) if candidate else {}
    known = described()
    found = [
        Explained(name=name, description=known[name], reasons=_all_in_words(lacks, WORDS))
        for name, lacks in lacking.items()
    ]
    context = {
        **admin.site.each_context(request),
        "title": _("What %(name)s may do in the API") % {"name": row},
        "opts": row._meta,
        "row": row,
        "form": form,
        "operations": found,
        "allowed": sum(not one.reasons for one in found),
        "hosts": hosts,
        "hosts_allowed": sum(not one.reasons for one in hosts),
    }
    return TemplateResponse(request, "admin/explain.html", context)


def _all_in_words(found: Sequence[Lack], words: Mapping[str, str | Promise]) -> list[str]:
    return [_in_words(name, value, words) for lack in found for name, value in lack.items()]


def _in_words(name: str, value: Any, words: Mapping[str, str | Promise]) -> str:
    text = str(words[name])
    if name == "active":
        value = REFUSALS.get(value, value)
    return text % (", ".join(value) if isinstance(value, list) else value) if "%s" in text else text
