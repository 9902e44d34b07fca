"""The first page that asks for the address alone: an owned domain leads to its tenant's sign-in (ADR 75)."""

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.models.email_fields import EmailFormField
from accounts.organizations.domains import route_of
from accounts.sign_in import rate_limits
from accounts.sign_in.local.forms import LONGEST_EMAIL
from accounts.sign_in.rate_limits import Limit
from foundation.app_hints import hints_in
from foundation.canonical_email import canonical
from foundation.next_page import requested_next, wants_another, wants_to_stay
from providers import registry, second_factor
from providers.base import Provider
from providers.flow import Flow, Process
from providers.refusal import SignInRefused
from providers.refusal_responses import refuse
from providers.upstream import one_deadline
from providers.views.start import claims_wanted

BY_CLIENT = Limit(kind="sign_in_addresses.client", most=60, seconds=600)
OF_EMAIL = Limit(kind="sign_in_addresses.email", most=30, seconds=600)


class AddressForm(forms.Form):
    email = EmailFormField(
        label=_("E-mail address"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        error_messages={"invalid": _("This is no e-mail address. Enter it in full, such as ada@example.com.")},
    )


def form_of(request: HttpRequest) -> AddressForm | None:
    """Return the form of this request, or None where the page does not ask for an address."""
    if not settings.SIGN_IN_BY_ADDRESS:
        return None
    expected = hints_in(requested_next(request)).login_hint
    return AddressForm(request.POST if request.method == "POST" else None, initial={"email": expected})


def exceeded(form: AddressForm) -> Limit | None:
    """Count a form, valid or not, and return the limit that it exceeds, if it does: of its network or its address."""
    if rate_limits.is_over(BY_CLIENT):
        return BY_CLIENT
    is_over = form.is_valid() and rate_limits.is_over(OF_EMAIL, canonical(form.cleaned_data["email"]))
    return OF_EMAIL if is_over else None


def lead_on(request: HttpRequest, form: AddressForm) -> HttpResponse | None:
    """Return the response that leads to the sign-in of the address's domain, or None if it has none.

    Nothing else depends on the domain: whoever is not led on gets the same page for every domain, after the same query.
    """
    email: str = form.cleaned_data["email"]
    provider = _provider_for(email)
    if provider is None:
        return None
    flow = Flow(
        provider=provider.id,
        process=Process.SIGN_IN,
        next=requested_next(request),
        wanted=claims_wanted(provider.id),
        stays=wants_to_stay(request),
        another=wants_another(request),
        asks_for_factor=second_factor.is_wanted(request, Process.SIGN_IN),
        typed=email,
    )
    try:
        with one_deadline():
            url = provider.start_url(flow)
    except SignInRefused as refused:
        return refuse(request, provider.id, refused, flow)
    response = _onward(request, provider, url)
    flow.remember(request, response)
    return response


def _provider_for(email: str) -> Provider | None:
    """Return the provider that the address's domain names, if it is the site's or that of the domain's own tenant."""
    route = route_of(email)
    if route is None:
        return None
    try:
        provider = registry.get(route.provider)
    except (KeyError, SignInRefused):
        return None  # it was removed or switched off since it was chosen
    return provider if provider.tenant_id in {None, route.tenant_id} else None


def _onward(request: HttpRequest, provider: Provider, url: str) -> HttpResponse:
    """Return a page that the browser leaves at once.

    A redirect would be a redirect of the form, so the first page's ``form-action`` would have to list the origin of
    every tenant's provider, for everybody to read (Content Security Policy Level 3, section 6.3.1).
    """
    response = render(request, "providers/onward.html", {"provider": provider, "url": url})
    response.headers["Refresh"] = f"0;url={url}"
    return response
