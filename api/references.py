"""What an operation wrote must refer to rows that still exist: this is checked while the answer can still say so."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.db import connection
from django.http import HttpRequest

from accounts.organizations.middleware import WorkingRequest
from api.credentials import SAFE

Handler = Callable[..., Any]


def checked(handler: Handler) -> Handler:
    """Check the foreign keys after an operation that may write. A ninja decorator.

    PostgreSQL would check them at the commit, after the answer. From here on nobody can delete the rows, until the
    commit. The function that it returns raises IntegrityError (ADR 79).
    """

    @wraps(handler)
    def check(request: HttpRequest, **values: Any) -> Any:
        found = handler(request, **values)
        if request.method not in SAFE and cast("WorkingRequest", request).work.is_in_transaction:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return found

    return check
