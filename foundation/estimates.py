"""How many rows a question has, by the planner's word."""

import json
from typing import Any

from django.db.models import QuerySet

COUNTED = 20_000  # rows: so many are counted one by one, which costs milliseconds; of more the planner is asked
DEAREST = 50_000  # the planner's cost of such a count, where it still is worth it


def estimate(rows: QuerySet[Any]) -> int:
    """Return how many rows the planner expects, without reading one."""
    explained = rows.order_by().explain(format="json")
    if not explained:
        return 0  # a question that no row can answer is not even asked
    (plan,) = json.loads(explained)
    return int(plan["Plan"]["Plan Rows"])


def bounded_count(rows: QuerySet[Any]) -> int | None:
    """Count rows up to one more than COUNTED, or return nothing where the planner finds that too dear."""
    some = rows.order_by().values("pk")[: COUNTED + 1]
    explained = some.explain(format="json")
    if explained and json.loads(explained)[0]["Plan"]["Total Cost"] > DEAREST:
        return None
    return some.count()


def rounded(count: int) -> int:
    """Keep the two leading digits: an estimate that looks exact would be believed."""
    return round(count, 2 - len(str(count)))
