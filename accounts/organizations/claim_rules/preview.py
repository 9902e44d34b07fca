"""Preview what a claim rule would do, by the claims that each identity had at its last sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction

from accounts.models import ClaimRule, User
from accounts.organizations.claim_rules.paths import parse

LOOKED_AT = (100_000, 10_000)  # identities; fewer if that many take too long
LONGEST = 3000  # milliseconds per attempt
SHOWN = 20  # people

# Each person's membership is looked up by its key, because a plan that joins the tables may become quadratic.
# As in `paths.matches`, only names of objects are followed (`->` with a text), and only texts are compared.
MATCHES = "jsonb_typeof({claim}) IN ('string', 'array') AND jsonb_exists({claim}, %(value)s)"
EFFECTS = """
    WITH looked AS MATERIALIZED (
        SELECT i.user_id, coalesce({matches}, false) AS matches
        FROM accounts_identity i WHERE i.provider = %(provider)s LIMIT %(most)s
    ), people AS (
        SELECT user_id, bool_or(matches) AS matches FROM looked GROUP BY user_id
    ), effects AS (
        SELECT p.user_id, CASE
            WHEN m.id IS NULL THEN 'gain'
            WHEN m.rule_id IS NULL THEN 'by_hand'
            WHEN m.rule_id = %(rule)s THEN CASE WHEN m.role_id = %(role)s THEN 'keep' ELSE 'change' END
            WHEN (%(position)s, %(rank)s) < (r.position, r.id) THEN 'change'
            ELSE 'by_other'
        END AS effect
        FROM people p
        JOIN accounts_user u ON u.id = p.user_id AND u.is_active
        LEFT JOIN LATERAL (
            SELECT id, rule_id, role_id FROM accounts_membership
            WHERE user_id = p.user_id AND tenant_id = %(tenant)s LIMIT 1
        ) m ON true
        LEFT JOIN LATERAL (SELECT id, position FROM accounts_claimrule WHERE id = m.rule_id LIMIT 1) r ON true
        WHERE p.matches AND %(is_active)s
        UNION ALL
        SELECT m.user_id, 'lose' FROM (
            SELECT user_id, tenant_id FROM accounts_membership WHERE rule_id = %(rule)s LIMIT %(most)s
        ) m
        WHERE NOT %(is_active)s OR m.tenant_id <> %(tenant)s OR NOT EXISTS (
            SELECT FROM accounts_identity i
            WHERE i.user_id = m.user_id AND i.provider = %(provider)s AND coalesce({matches}, false)
        )
    )
    SELECT effect, count(*), (array_agg(user_id ORDER BY user_id))[1:{shown}], (SELECT count(*) FROM looked)
    FROM effects GROUP BY effect
    UNION ALL SELECT 'none', 0, NULL, (SELECT count(*) FROM looked)
"""


class EffectKind(StrEnum):
    """What a rule can do to a person, as the column ``effect`` of EFFECTS names it."""

    GAIN = "gain"
    CHANGE = "change"
    LOSE = "lose"
    KEEP = "keep"
    BY_HAND = "by_hand"
    BY_OTHER = "by_other"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How many people an effect would concern, and the first of them."""

    count: int = 0
    people: tuple[User, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would happen at people's next sign-ins.

    ``looked_at`` is the number of identities examined. ``is_estimate``: there may be more of them. ``is_known`` is
    false if the query took too long.
    """

    effects: Mapping[EffectKind, Effect] = field(default_factory=dict)
    looked_at: int = 0
    is_estimate: bool = False
    is_known: bool = True

    def of(self, kind: EffectKind) -> Effect:
        return self.effects.get(kind, Effect())


def preview(rule: ClaimRule) -> Preview:
    """Return what saving this rule, new or changed, would do. Writes nothing; call it in the site's context."""
    for most in LOOKED_AT:
        rows = _within_time(rule, most)
        if rows is not None:
            return _from(rows, most)
    return Preview(is_known=False)


def _within_time(rule: ClaimRule, most: int) -> list[Any] | None:
    """Run the query, for up to LONGEST; return None if that is too short. Then restore the statement timeout."""
    sql, parameters = _query(rule, most)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST)])
            cursor.execute(sql, parameters)
            rows: list[Any] = cursor.fetchall()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
            return rows
    except OperationalError:  # QueryCanceled
        return None


def _query(rule: ClaimRule, most: int) -> tuple[str, dict[str, Any]]:
    names = {f"name_{number}": name for number, name in enumerate(parse(rule.claim))}
    claim = "(i.claims" + "".join(f" -> %({key})s::text" for key in names) + ")"
    sql = EFFECTS.format(matches=MATCHES.format(claim=claim), shown=SHOWN)
    parameters = {
        **names,
        "value": rule.value,
        "provider": rule.provider,
        "rule": rule.pk,
        "rank": rule.pk or 2**62,  # a new rule is the last at its position
        "role": rule.role_id,
        "tenant": rule.tenant_id,
        "position": rule.position,
        "is_active": rule.is_active,
        "most": most,
    }
    return sql, parameters


def _from(rows: list[Any], most: int) -> Preview:
    looked_at: int = rows[0][3]
    found = {effect: (count, ids) for effect, count, ids, _ in rows if ids}
    people = _people({person for _, ids in found.values() for person in ids})
    effects = {
        EffectKind(effect): Effect(count=count, people=tuple(people[person] for person in ids if person in people))
        for effect, (count, ids) in found.items()
    }
    return Preview(effects=effects, looked_at=looked_at, is_estimate=looked_at >= most)


def _people(ids: set[UUID]) -> dict[UUID, User]:
    return User.objects.in_bulk(ids)
