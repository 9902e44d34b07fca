"""The personal data in the providers' tables."""

from foundation.declarations import NotPersonalData, PersonalData

DECLARATIONS = [
    NotPersonalData("providers.Connection", reason="It is the site's or a tenant's; the trail has who set it up."),
    PersonalData(
        "providers.RefusedIdentity",
        by={"account"},
        by_email="canonical_email",
        left_out={"subject", "name", "claims"},  # the address proves nothing: these may be another person's
    ),
]
