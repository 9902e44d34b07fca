"""Whose the rows of those models are that the trail's declarations do not tell it of."""

from accounts.privacy.registry import belongs

belongs("accounts.Session", by=["user_id", "waiting_for_id"], left_out=["session_key", "session_data"])
belongs("accounts.MailedCode", by=["user_id"], left_out=["digest"])
belongs("accounts.MailedLink", by=["user_id"], by_address="canonical_address", left_out=["digest"])
belongs("accounts.BulkAction", by=["user_id"], left_out=["targets"])
belongs("accounts.Membership", by=["user_id"], also={"tenant": "tenant__name", "role": "role__name"})
belongs(
    "accounts.Invitation",
    by=["accepted_by_id"],
    by_address="canonical_email",
    left_out=["digest", "invited_by_id"],
    also={"tenant": "tenant__name", "role": "role__name"},
)
belongs("admin.LogEntry", by=["user_id"], left_out=["object_repr", "change_message"])
