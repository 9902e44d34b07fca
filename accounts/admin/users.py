"""People in Django admin: their list is in ``people``, one person's page in ``user_page``."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm

from accounts.admin.cutting_off import CuttingOff
from accounts.admin.people import PeopleList
from accounts.admin.privacy import Privacy
from accounts.admin.proof import ProofFirst
from accounts.admin.resetting_factors import ResettingFactors
from accounts.admin.user_page import UserPage
from accounts.models import User
from accounts.names import on_one_line


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "name")

    def clean_name(self) -> str:
        return on_one_line(self.cleaned_data["name"])


@admin.register(User)
class UserAdmin(ProofFirst, PeopleList, Privacy, CuttingOff, ResettingFactors, UserPage, DjangoUserAdmin[User]):  # type: ignore[misc]  # a page that asks for proof may be any
    add_form = NewUserForm
    filter_horizontal = ("groups", "user_permissions")
    add_fieldsets = ((None, {"fields": ("username", "name", "usable_password", "password1", "password2")}),)
