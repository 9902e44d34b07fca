"""The ModelAdmin for people. Their list is in ``people``, a person's page in ``user_page``."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm

from accounts.models import User
from console.people.cut_off import CuttingOff
from console.people.factor_reset import ResettingFactors
from console.people.people import PeopleList
from console.people.privacy import Privacy
from console.people.user_page import UserPage
from console.reauthentication import ReauthenticationFirst
from foundation.display_names import on_one_line


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "name")

    def clean_name(self) -> str:
        return on_one_line(self.cleaned_data["name"])


@admin.register(User)
class UserAdmin(  # type: ignore[misc]  # the reauthentication page may be any response
    ReauthenticationFirst, PeopleList, Privacy, CuttingOff, ResettingFactors, UserPage, DjangoUserAdmin[User]
):
    add_form = NewUserForm
    filter_horizontal = ("groups", "user_permissions")
    add_fieldsets = ((None, {"fields": ("username", "name", "usable_password", "password1", "password2")}),)
