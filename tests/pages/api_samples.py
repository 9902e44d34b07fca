"""The page about the API with two operations, as `samples` lists the pages of people."""

from api.pages import AnswerRow, FieldRow, OperationEntry


def documented() -> dict[str, list[OperationEntry]]:
    """Return the operations by group."""
    name = FieldRow(name="name", kind="string", is_required=True)
    refused = AnswerRow(status="403", words="Forbidden", code="forbidden")
    read = OperationEntry(
        name="keys",
        method="GET",
        path="/api/v1/me/keys",
        description="List the person's API keys that work.",
        requires=["scope account:read", "kind person"],
        parameters=[FieldRow(name="limit", kind="integer", is_required=False)],
        sent=[],
        returned=[name, FieldRow(name="last_used_at", kind="date-time or null", is_required=True)],
        examples=['[\n  {\n    "name": "Laptop",\n    "last_used_at": "2026-11-30T09:30:00Z"\n  }\n]'],
        answers=[AnswerRow(status="200", words="OK", code=""), refused],
    )
    create = OperationEntry(
        name="create_key",
        method="POST",
        path="/api/v1/me/keys",
        description="Create an API key.",
        requires=[],
        parameters=[FieldRow(name="Idempotency-Key", kind="header", is_required=False)],
        sent=[name, FieldRow(name="days", kind="integer", is_required=False)],
        returned=[],
        examples=['{\n  "name": "Laptop",\n  "days": 90\n}', f'{{\n  "key": "{"x" * 300}"\n}}'],
        answers=[AnswerRow(status="201", words="Created", code=""), refused],
    )
    return {"My account": [read, create]}
