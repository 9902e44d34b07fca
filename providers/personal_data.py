"""Which of the providers' rows are a person's data."""

from foundation.declarations import PersonalData

DECLARATIONS = [
    PersonalData(
        "providers.RefusedIdentity",
        by={"account"},
        by_email="canonical_email",
        left_out={"subject", "name", "claims"},  # an address proves nothing: they may be somebody else's
    ),
]
