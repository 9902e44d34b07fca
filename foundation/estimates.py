"""Row counts that cost little: the planner's estimate, or a count with an upper bound."""

import json
from typing import Any

from django.db.models import QuerySet

COUNTED = 20_000  # rows that are counted exactly, which takes milliseconds; above that the planner's estimate is used
DEAREST = 50_000  # the highest planner cost at which such a count is still made


def estimate(rows: QuerySet[Any]) -> int:
    """Return how many rows the planner expects. No row is read."""
    explained = rows.order_by().explain(format="json")
    if not explained:
        return 0  # Django sends no query if the conditions cannot be true
    (plan,) = json.loads(explained)
    return int(plan["Plan"]["Plan Rows"])


def bounded_count(rows: QuerySet[Any]) -> int | None:
    """Count at most COUNTED + 1 rows, or return None if the planner's cost of that exceeds DEAREST."""
    some = rows.order_by().values("pk")[: COUNTED + 1]
    explained = some.explain(format="json")
    if explained and json.loads(explained)[0]["Plan"]["Total Cost"] > DEAREST:
        return None
    return some.count()


def rounded(count: int) -> int:
    """Round to two significant digits, so that an estimate does not look exact."""
    return round(count, 2 - len(str(count)))
