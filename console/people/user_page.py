"""A person's page in the admin: a small form with panels (``person_panels``), and a second page for permissions."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.organizations import delegation
from accounts.people import account_changes, filters
from accounts.sessions import SessionRevocationReason, revoke_others
from console.organizations.asking import session_to_keep
from console.people.notifications import gives_rights, notify_former_email
from console.people.person_panels import panels
from console.reauthentication import redirect_to_reauthenticate
from console.scope import Scoped, actor
from foundation.display_names import on_one_line


class UserForm(UserChangeForm[User]):
    """The form for an account. It refuses to demote or deactivate the last superuser."""

    person: User

    class Meta:
        model = User
        fields = "__all__"

    def clean_name(self) -> str:
        return on_one_line(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        still = {name: cleaned.get(name, getattr(self.instance, name)) for name in ("is_active", "is_superuser")}
        if not all(still.values()) and delegation.is_last_superuser(self.instance):
            delegation.record_refusal(self.person, self.instance, reason="last_superuser")
            raise ValidationError(delegation.LAST_SUPERUSER)
        return cleaned


class UserPage(Scoped[User]):
    """The page of a person. A tenant's administrators see their own people and may change only a little."""

    form = UserForm
    change_form_template = "admin/accounts/user/change_form.html"
    readonly_fields = ("id", "created_at")
    fieldsets = (
        (
            None,
            {"fields": ("id", "name", "email", "email_verified", "created_at", "is_active", "second_factor_required")},
        ),
    )
    for_their_tenant = ((None, {"fields": ("id", "name", "email", "email_verified", "created_at", "is_active")}),)
    of_rights = (
        (_("Local account"), {"fields": ("username", "password")}),
        (_("Rights everywhere"), {"fields": account_changes.RIGHTS}),
    )

    def scoped(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return filters.members(queryset)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return super().get_fieldsets(request, obj)
        if not actor(request).is_superuser:
            return self.for_their_tenant
        if _is_about_rights(request):
            return self.of_rights
        return self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        mine = super().get_readonly_fields(request, obj)
        if obj is None or actor(request).is_superuser:
            return mine
        return (*mine, "email", "email_verified")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"person": actor(request)})

    def fields_to_restore(self, request: HttpRequest, obj: User) -> list[str]:
        """Return the fields of both forms: the trail can restore permissions too, for users who may grant them."""
        parts: list[Any] = list(self.get_fieldsets(request, obj))
        if actor(request).is_superuser:
            parts += self.of_rights
        return flatten_fieldsets(parts)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A tenant's administrators may not change an account that belongs to other tenants too."""
        person = actor(request)
        if obj is None or person.is_superuser or not super().has_change_permission(request, obj):
            return super().has_change_permission(request, obj)
        return delegation.is_theirs_alone(person, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never allow Django's deletion, which their identities would prevent: a person is erased instead."""
        return False

    def get_urls(self) -> list[Any]:
        rights = path("<id>/rights/", self.admin_site.admin_view(self.rights_view), name="accounts_user_rights")
        return [rights, *super().get_urls()]

    def rights_view(self, request: HttpRequest, id: str) -> HttpResponseBase:  # noqa: A002  # as Django's own beside it
        """Edit permissions that hold in all tenants. Superusers only, as these amount to taking over any account."""
        if not actor(request).is_superuser:
            raise PermissionDenied
        return redirect_to_reauthenticate(request, back_to=request.path) or self.changeform_view(request, id)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponseBase:  # noqa: A002  # Django's signature
        """Set a password. Superusers only, as it allows to sign in as that person."""
        if not actor(request).is_superuser:
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        with transaction.atomic():
            response: HttpResponseBase = super().user_change_password(request, id, form_url)  # type: ignore[misc]  # Django's UserAdmin has it
            if request.method == "POST" and isinstance(response, HttpResponseRedirect):  # it was changed
                self._password_was_changed(request, id)
        return response

    def _password_was_changed(self, request: HttpRequest, id: str) -> None:  # noqa: A002  # as above
        """Revoke the sessions opened with the old password, except the current one after changing one's own.

        Django has changed its key, so it is saved first.
        """
        request.session.save()
        user = User.objects.get(pk=unquote(id))
        revoke_others(user, keep=session_to_keep(request, user), reason=SessionRevocationReason.PASSWORD_CHANGED)
        is_own = user.pk == actor(request).pk
        notices.notify(user, Notice.PASSWORD_CHANGED if is_own else Notice.PASSWORD_SET)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        user = kwargs.get("obj")
        if user is not None:
            context["show_save_and_add_another"] = False
            if _is_about_rights(request):
                context.update(is_about_rights=True, subtitle=_("Permissions and password"), show_delete=False)
            else:
                context["panels"] = panels(request, user, may_change=self.has_change_permission(request, user))
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_change(self, request: HttpRequest, obj: User) -> HttpResponseRedirect:
        if _is_about_rights(request):
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[obj.pk]))
        return super().response_post_save_change(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save, and keep providers from changing a name that an administrator has set, until it is emptied."""
        if "name" in form.changed_data:
            obj.name_set_here = bool(obj.name)
        before = User.objects.filter(pk=obj.pk).first() if "email" in form.changed_data else None
        super().save_model(request, obj, form, change)
        if before is not None:
            notify_former_email(obj, before)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:  # type: ignore[override]  # the reauthentication page may be any response
        """Redirect Django's deletion page to the erasure."""
        if not actor(request).is_superuser:
            raise PermissionDenied
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if request.method == "POST" and delegation.is_last_superuser(user):
            delegation.record_refusal(actor(request), user, reason="last_superuser")
            self.message_user(request, delegation.LAST_SUPERUSER, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[user.pk]))
        erase = reverse("admin:accounts_user_erase", args=[user.pk])
        return redirect_to_reauthenticate(request, back_to=erase) or HttpResponseRedirect(erase)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Revoke what the change ends, and notify the person: everything is saved now."""
        super().save_related(request, form, formsets, change)
        if change:
            user: User = form.instance
            keep = session_to_keep(request, user)
            account_changes.follow_up(user, form.changed_data, gives_rights=gives_rights(form), keep=keep)


def _is_about_rights(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name == "accounts_user_rights"
