"""How the API answers what goes wrong: everything becomes a problem document, and rolls the request's writes back."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from redis.exceptions import RedisError

from accounts.organizations.middleware import WorkingRequest
from api import problems
from api.problems import ApiError

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponseBase]
Translate = Callable[[Any], ApiError]
OUTAGE = "A part of the site is not available. Try again in a moment."


def register(api: NinjaAPI) -> None:
    """Register the handlers."""
    for kind, translate in TRANSLATIONS.items():
        api.add_exception_handler(kind, partial(_answer, translate))


def everywhere(get_response: Handler) -> Handler:
    """Give every error under /api/ a problem document, also those that never reach an operation. A middleware."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in getattr(request, "limit_headers", {}).items():
            response.headers[name] = value
        is_ours = request.path_info.startswith("/api/") and response.status_code >= 400
        if not is_ours or response.headers.get("Content-Type", "").startswith(problems.MEDIA_TYPE):
            return response
        kind = problems.BY_STATUS.get(response.status_code, problems.MALFORMED)
        document = problems.response_to(ApiError(kind, f"{kind.title}."))
        document.status_code = response.status_code
        for name in ("Allow", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"):
            if name in response.headers:
                document.headers[name] = response.headers[name]
        document.cookies = response.cookies
        return document

    return handle


def _answer(translate: Translate, request: HttpRequest, exception: Any) -> HttpResponse:
    if cast("WorkingRequest", request).work.is_in_transaction:
        transaction.set_rollback(True)
    return problems.response_to(translate(exception))


def _unavailable(outage: Exception) -> ApiError:
    logger.error("unavailable: %s", type(outage).__name__)
    return ApiError(problems.UNAVAILABLE, OUTAGE, headers={"Retry-After": "5"})


def _conflict(found: DatabaseError | ObjectDoesNotExist) -> ApiError:
    """Tell the loser of a race that another request was faster. Anything else is a fault of ours, and raised again."""
    kinds = (ForeignKeyViolation, UniqueViolation)
    # Django raises DatabaseError itself when the row that it is to save is gone.
    is_race = isinstance(found.__cause__, kinds) or type(found) is DatabaseError
    if not is_race and not isinstance(found, ObjectDoesNotExist | ProtectedError | RestrictedError):
        raise found
    return ApiError(problems.CONFLICT, "Another request has just changed or removed something that this one needs.")


def _invalid(found: ValidationError) -> ApiError:
    """Name each fault. pydantic's texts are about types and limits, and do not repeat the input.

    ``wanted`` is the argument of the operation that takes the body or the query, which is nothing to the caller.
    """
    fields = [
        {"field": ".".join(str(part) for part in fault["loc"] if part != "wanted"), "message": str(fault["msg"])}
        for fault in found.errors
    ]
    return ApiError(problems.INVALID_REQUEST, "The input is not in the documented form.", fields=fields)


def _not_found(_missing: Http404) -> ApiError:
    return ApiError(problems.NOT_FOUND, "There is nothing at this address for this caller.")


def _by_status(error: HttpError) -> ApiError:
    """Translate what ninja refuses itself, such as a body that is not JSON. Its text may quote the input."""
    kind = problems.BY_STATUS.get(error.status_code, problems.MALFORMED)
    return ApiError(kind, f"{kind.title}.")


TRANSLATIONS: Mapping[type[Exception], Translate] = {
    ApiError: lambda refused: refused,
    OperationalError: _unavailable,
    InterfaceError: _unavailable,
    IntegrityError: _conflict,
    DatabaseError: _conflict,
    ObjectDoesNotExist: _conflict,
    RedisError: _unavailable,
    ValidationError: _invalid,
    Http404: _not_found,
    HttpError: _by_status,
}
