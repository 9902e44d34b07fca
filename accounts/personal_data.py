"""Which rows are personal data, besides those of models audited with a ``person``."""

from foundation.declarations import PersonalData

DECLARATIONS = [
    PersonalData(
        "accounts.Session", by={"user_id", "waiting_for_id"}, left_out={"session_key", "session_data", "client_sid"}
    ),
    PersonalData("accounts.MailedCode", by={"user_id"}, left_out={"digest"}),
    PersonalData("accounts.MailedLink", by={"user_id"}, by_email="canonical_email", left_out={"digest"}),
    PersonalData("accounts.BulkAction", by={"user_id"}, left_out={"targets"}),
    PersonalData("accounts.Membership", by={"user_id"}, also={"tenant": "tenant__name", "role": "role__name"}),
    PersonalData(
        "accounts.Invitation",
        by={"accepted_by_id"},
        by_email="canonical_email",
        left_out={"digest", "invited_by_id"},
        also={"tenant": "tenant__name", "role": "role__name"},
    ),
    PersonalData("admin.LogEntry", by={"user_id"}, left_out={"object_repr", "change_message"}),
]
