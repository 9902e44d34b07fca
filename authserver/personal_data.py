"""Which rows of the auth server are personal data, besides those of models audited with a ``person``."""

from foundation.declarations import NotPersonalData, PersonalData

DECLARATIONS = [
    PersonalData(
        "authserver.AuthorizationCode",
        by={"user_id"},
        left_out={"digest", "nonce", "code_challenge", "session_key", "sid"},
        also={"app": "client__name"},
    ),
    PersonalData(
        "authserver.DeviceCode",
        by={"user_id"},
        left_out={"digest", "user_code_digest", "nonce", "session_key", "sid"},
        also={"app": "client__name"},
    ),
    PersonalData(
        "authserver.TokenFamily", by={"user_id"}, left_out={"nonce", "session_key", "sid"}, also={"app": "client__name"}
    ),
    PersonalData("authserver.ApiKey", by={"user_id"}, left_out={"digest"}, also={"tenant": "tenant__name"}),
    NotPersonalData(
        "authserver.ServiceAccount",
        reason="It is the tenant's, and is deleted with its owner's account; the trail has whose it was.",
    ),
    NotPersonalData("authserver.Client", reason="It is the tenant's or the site's; the trail has who registered it."),
]
