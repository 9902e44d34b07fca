"""Tiers: an ordered profile claim, such as ``hardware_tier``, that guards compare."""

from uuid import UUID

from foundation.rows import fetch_one

# The claim that is the site's tier, with its values from the lowest to the highest, and the value of one person.
READ = """
    SELECT c.choices, v.value
    FROM authserver_profileclaim c LEFT JOIN authserver_profilevalue v ON v.claim_id = c.id AND v.user_id = %s
    WHERE c.is_tier
"""


def reaches(user_id: UUID, tier: str) -> bool:
    """Whether a person has at least this tier. Without a tier claim, or without such a value of it, nobody has."""
    row = fetch_one(READ, [user_id])
    if row is None:
        return False
    order, own = list(row[0]), row[1]
    return tier in order and own in order and order.index(own) >= order.index(tier)
