"""Query parameters that an operation does not document are refused: a misspelt filter would return everything."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from ninja.operation import Operation

from api.problems import INVALID_REQUEST, ApiError

Handler = Callable[..., Any]


def only_documented(handler: Handler) -> Handler:
    """Refuse a query parameter that the operation does not know, or takes once and is given twice. A ninja decorator.

    The function that it returns raises ApiError.
    """
    operation: Operation = handler._ninja_operation  # type: ignore[attr-defined]  # noqa: SLF001  # set by ninja
    models = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    known = {name for model in models for name in model.__ninja_flatten_map__}
    lists = {name for model in models for name in getattr(model, "__ninja_collection_fields__", ())}

    @wraps(handler)
    def checked(request: HttpRequest, **values: Any) -> Any:
        faults = dict.fromkeys(request.GET.keys() - known, "Unknown parameter")
        faults |= {name: "Given twice" for name in known - lists if len(request.GET.getlist(name)) > 1}
        if faults:
            fields = [{"field": f"query.{name}", "message": fault} for name, fault in sorted(faults.items())]
            raise ApiError(INVALID_REQUEST, "The input is not in the documented form.", fields=fields)
        return handler(request, **values)

    return checked
