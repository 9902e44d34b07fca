"""The one page of our own that a stock site has: who is signed in there."""

from django.http import HttpRequest, JsonResponse


def me(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"email": getattr(request.user, "email", None), "signed_in": request.user.is_authenticated})
