"""The device authorization endpoint (RFC 8628, section 3.1): for clients by POST, and for the person by GET."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from accounts.organizations.middleware import without_tenant
from accounts.sign_in import rate_limits
from authserver import resources, scopes
from authserver.clients.authentication import authenticate
from authserver.devices import codes, views
from authserver.models import GrantType
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import in_form
from authserver.protocol.responses import endpoint, json_response, too_many_requests
from foundation import lifetimes

# Each code is a row. Everybody knows the ID of a public client, so its codes count for the address.
ISSUED = rate_limits.Limit(kind="device_codes.issued", most=60, seconds=60)
ISSUED_TO_CLIENT = rate_limits.Limit(kind="device_codes.issued_to_client", most=600, seconds=60)


@csrf_exempt  # a person's form has an address of its own
@without_tenant
def device(request: HttpRequest) -> HttpResponseBase:
    """Answer a client that posts, and show everybody else the page where a code is entered."""
    return views.enter(request) if request.method in {"GET", "HEAD"} else authorize(request)


@endpoint("POST")
def authorize(request: HttpRequest) -> HttpResponse:
    """Issue a device code and a user code (section 3.2)."""
    form = in_form(request)
    client = authenticate(request, form)
    if not client.allows(GrantType.DEVICE_CODE):
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "The client is not registered for device codes.")
    limit, key = (ISSUED, "") if client.is_public else (ISSUED_TO_CLIENT, str(client.pk))
    if rate_limits.is_over(limit, key):
        raise too_many_requests(limit)
    issued = codes.issue(
        client,
        scopes=scopes.allowed(client, form.words("scope"), for_person=True),
        resources=resources.allowed(client, form.all("resource")),
    )
    page = f"{settings.PUBLIC_URL}/oauth/device"
    return json_response(
        {
            "device_code": issued.text,
            "user_code": issued.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={issued.user_code}",
            "expires_in": int(lifetimes.DEVICE_CODE.total_seconds()),
            "interval": issued.interval,
        }
    )
