"""The personal data in the providers' tables."""

from foundation.declarations import PersonalData

DECLARATIONS = [
    PersonalData(
        "providers.RefusedIdentity",
        by={"account"},
        by_email="canonical_email",
        left_out={"subject", "name", "claims"},  # the address proves nothing: these may be another person's
    ),
]
