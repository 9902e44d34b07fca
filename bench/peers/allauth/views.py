"""The pages that a small product with allauth would have: two "who am I" resources, and the account."""

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return JsonResponse({"error": "unauthenticated"}, status=401)
    return JsonResponse({"id": request.user.pk, "email": request.user.email, "name": request.user.get_full_name()})


@require_safe
def me_with_identities(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return JsonResponse({"error": "unauthenticated"}, status=401)
    known = SocialAccount.objects.filter(user=request.user.pk).order_by("date_joined")
    identities = [{"provider": identity.provider, "subject": identity.uid} for identity in known]
    return JsonResponse({"id": request.user.pk, "email": request.user.email, "identities": identities})


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    identities = SocialAccount.objects.filter(user=request.user.pk).order_by("date_joined")
    return render(request, "account.html", {"identities": identities})
