"""The forms of the pages for local accounts."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.models.email_fields import EmailFormField
from accounts.sign_in.local.hashing import LONGEST_TYPED
from foundation.display_names import NameField

LONGEST_EMAIL = 254  # characters: the most that RFC 5321 leaves for an address


class EmailForm(forms.Form):
    email = EmailFormField(
        label=_("E-mail address"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class SignInForm(forms.Form):
    name = forms.CharField(
        label=_("E-mail address or name"),
        max_length=LONGEST_EMAIL,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_TYPED,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(forms.Form):
    """A new password that is hard to guess. It is for ``person``: it must not be similar to their name or address."""

    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_TYPED,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A few unrelated words are easy to remember."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        self.person.name = self.cleaned_data.get("name", self.person.name)
        try:
            validate_password(password, self.person)
        except ValidationError as weak:
            raise ValidationError(weak.messages[:1]) from None  # only the first: each message is a sentence
        return password


class NewAccountForm(NewPasswordForm):
    name = NameField(label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ("name", "password")
