"""The error responses of the API. All have one format and reveal nothing but what the request lacks."""

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, ValidationError
from redis.exceptions import RedisError


class Problem(Schema):
    """``error`` is for programs, ``message`` for people who read logs, ``fields`` names invalid input."""

    error: str
    message: str
    fields: list[str] = []


def register(api: NinjaAPI) -> None:
    """Register handlers that give all errors of the API this format."""

    @api.exception_handler(AuthenticationError)
    def unauthenticated(request: HttpRequest, exception: AuthenticationError) -> HttpResponse:
        problem = Problem(error="unauthenticated", message="The request has no valid credential.")
        response = api.create_response(request, problem.model_dump(), status=401)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def unavailable(request: HttpRequest, exception: Exception | type[Exception]) -> HttpResponse:
        problem = Problem(error="unavailable", message="A part of the site is not available. Try again in a moment.")
        response = api.create_response(request, problem.model_dump(), status=503)
        response.headers["Retry-After"] = "5"
        return response

    for outage in (OperationalError, InterfaceError, RedisError):
        api.add_exception_handler(outage, unavailable)

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, exception: ValidationError) -> HttpResponse:
        fields = [".".join(map(str, fault["loc"])) for fault in exception.errors]
        problem = Problem(error="invalid_request", message="The request is not in the documented form.", fields=fields)
        return api.create_response(request, problem.model_dump(), status=422)
