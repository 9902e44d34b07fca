"""Invitations in the admin. They are sent, resent and revoked here, and never edited."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, InvitationState, Role, User
from accounts.organizations import delegation, invitations
from accounts.organizations.invitations import REFUSED, InvitationRefused
from accounts.people import search
from console.organizations.asking import PassesActor, RequestedBy
from console.organizations.resending import resend_chosen
from console.reauthentication import ReauthenticationFirst, redirect_to_reauthenticate
from console.scope import actor

Act = Callable[[Invitation, User], None]


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(InvitationState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        state = self.value()
        return queryset.filter(InvitationState(state).rows) if state in InvitationState.values else queryset


class InvitationForm(RequestedBy):
    """The form for a new invitation. Only superusers choose the tenant; others invite to their own."""

    class Meta:
        model = Invitation
        fields = ("tenant", "role", "email")

    def __init__(self, *args: Any, **options: Any) -> None:
        """Offer the roles that the user may grant. The field accepts others; ``clean`` refuses them with a reason."""
        super().__init__(*args, **options)
        membership, field = self.person.active_membership, self.fields.get("role")
        if membership and isinstance(field, forms.ModelChoiceField) and not self.person.is_superuser:
            roles = Role.objects.all()
            within = [role for role in roles if delegation.may_grant(self.person, role, membership.tenant_id)]
            field.widget.choices = [("", "---------"), *((role.pk, str(role)) for role in within)]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        membership = self.person.active_membership
        tenant = cleaned.get("tenant")
        tenant_id = tenant.pk if tenant else (membership.tenant_id if membership else None)
        role: Role | None = cleaned.get("role")
        if self.errors or role is None or tenant_id is None:
            return cleaned
        self.instance.tenant_id = tenant_id
        if not role.fits(tenant_id):
            raise ValidationError({"role": _("This role belongs to another tenant.")})
        try:
            invitations.check_inviter(self.person, role, tenant_id)
        except InvitationRefused as refused:
            invitations.record_refusal(refused, tenant_id=tenant_id)
            raise ValidationError(str(REFUSED[refused.reason])) from None
        return cleaned


@admin.register(Invitation)
class InvitationAdmin(ReauthenticationFirst, PassesActor):
    form = InvitationForm
    list_display = ("email", "state_shown", "role", "tenant", "inviter", "sent_at", "expires_at")
    list_filter = (StateFilter,)
    list_select_related = ("role", "tenant", "invited_by")
    search_fields = ("email",)  # any value shows the box; get_search_results does the search
    search_help_text = _("The beginning of an address")
    show_full_result_count = False
    actions = (resend_chosen,)
    dangerous_actions = frozenset({"resend_chosen"})
    facts = (
        "email", "tenant", "role", "state_shown", "inviter", "created_at", "sent_at", "expires_at",
        "accepted_at", "accepter", "revoked_at",
    )  # fmt: skip

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        if obj is not None:
            return self.facts
        return ("tenant", "role", "email") if actor(request).is_superuser else ("role", "email")

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return ("tenant", "role") if actor(request).is_superuser else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Invitation], search_term: str
    ) -> tuple[QuerySet[Invitation], bool]:
        term = search_term.strip()
        return queryset.filter(search.begins_with_email(term, canonical="canonical_email")), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        person = actor(request)
        return super().has_add_permission(request) and (person.is_superuser or person.active_membership is not None)

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Allow deletion only together with a tenant or a role. An invitation itself is revoked and stays visible."""
        own_page = request.resolver_match and (request.resolver_match.url_name or "").startswith("accounts_invitation")
        return not own_page and super().has_delete_permission(request, obj)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_invitation")

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:  # noqa: FBT001
        made = invitations.invite(obj.tenant, obj.role, obj.email, actor(request))
        obj.__dict__.update(made.__dict__)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id) if object_id else None
        is_undecided = found is not None and found.state in {InvitationState.OPEN, InvitationState.EXPIRED}
        context = {**(extra_context or {}), "can_send": is_undecided and self.has_send_permission(request)}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except InvitationRefused as refused:
            self._tell(request, refused, tenant_id=_tenant_id(request))
            return HttpResponseRedirect(request.get_full_path())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:key>/resend/", view(self.resend), name="accounts_invitation_resend"),
            path("<uuid:key>/revoke/", view(self.revoke), name="accounts_invitation_revoke"),
        ]
        return [*own, *super().get_urls()]

    def resend(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Send this invitation again?"),
            "meaning": _(
                "The address gets a new link that works as long as the first did; the earlier one stops working. "
                "From now on it is you who invites."
            ),
            "label": _("Send it again"),
        }
        return self._confirmed(request, key, invitations.resend, words, done=_("The invitation was sent again."))

    def revoke(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        words = {
            "title": _("Revoke this invitation?"),
            "meaning": _("Its link stops working. You can invite the address again at any time."),
            "label": _("Revoke it"),
            "is_risky": True,
        }
        return self._confirmed(request, key, invitations.revoke, words, done=_("The invitation was revoked."))

    def _confirmed(
        self, request: HttpRequest, key: UUID, act: Act, words: dict[str, Any], *, done: str | Promise
    ) -> HttpResponseBase:
        """GET shows a confirmation, POST performs the act. An invitation of another tenant is a 404."""
        invitation = self.get_object(request, str(key))
        if invitation is None or not self.has_view_permission(request, invitation):
            raise Http404
        if not self.has_send_permission(request):
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        page = reverse("admin:accounts_invitation_change", args=[invitation.pk])
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), **words, "opts": self.opts, "invitation": invitation}
            return TemplateResponse(request, "admin/accounts/invitation/confirm.html", {**context, "page": page})
        try:
            act(invitation, actor(request))
        except InvitationRefused as refused:
            self._tell(request, refused, tenant_id=invitation.tenant_id)
        else:
            self.message_user(request, str(done), messages.SUCCESS)
        return HttpResponseRedirect(page)

    def _tell(self, request: HttpRequest, refused: InvitationRefused, *, tenant_id: UUID | None) -> None:
        invitations.record_refusal(refused, tenant_id=tenant_id)
        self.message_user(request, str(REFUSED[refused.reason]), messages.ERROR)

    @admin.display(description=_("state"))
    def state_shown(self, invitation: Invitation) -> str:
        return str(invitation.state.label)

    @admin.display(description=_("invited by"))
    def inviter(self, invitation: Invitation) -> str:
        return _named(invitation.invited_by)

    @admin.display(description=_("accepted by"))
    def accepter(self, invitation: Invitation) -> str:
        return _named(invitation.accepted_by)


def _named(user: User | None) -> str:
    """Return a name without a link, which would reveal an id: the person may not belong to the tenant."""
    return (user.name or user.email or "-") if user else "-"


def _tenant_id(request: HttpRequest) -> UUID | None:
    membership = actor(request).active_membership
    return membership.tenant_id if membership else None
