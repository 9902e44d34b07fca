"""Behind a pooler in transaction mode, transactions of everybody meet on one connection: none inherits anything.

Plans are kept on such a connection too, so every statement here is prepared by the server and asked again.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models.active_membership import ENTER
from tenancy.context import NOTHING, SET_CONTEXT, Scope
from tests.support.servers import Servers
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)

SEEN = (
    "SELECT name FROM accounts_tenant",
    "SELECT t.name FROM accounts_membership m JOIN accounts_tenant t ON t.id = m.tenant_id",
    "SELECT t.name FROM accounts_role r JOIN accounts_tenant t ON t.id = r.tenant_id",
)
TURNS = st.lists(
    st.tuples(
        st.sampled_from(["Abbey", "Barn", "nobody", "unknown", "site", "enters Abbey", "enters Barn"]),
        st.sampled_from(["commits", "rolls back", "fails", "switches inside"]),
    ),
    min_size=3,
    max_size=10,
)


class Failed(Exception):
    """The turn ends in an error, as any request may."""


@pytest.fixture(params=["auto", "force_generic_plan"])
def pooled(servers: Servers, request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    options = f"-c plan_cache_mode={request.param}"
    with psycopg.connect(servers.runtime_url, autocommit=True, prepare_threshold=0, options=options) as connection:
        yield connection


def seen(pooled: psycopg.Connection[Any]) -> set[str]:
    return {name for sql in SEEN for (name,) in pooled.execute(sql).fetchall()}


def begin(pooled: psycopg.Connection[Any], town: Town, who: str) -> set[str]:
    """Tell the transaction for whom it is, and return what it then may see."""
    sides = {"Abbey": town.a, "Barn": town.b}
    if who.startswith("enters"):
        side = sides[who.removeprefix("enters ")]
        pooled.execute(ENTER, [side.owner.pk, None, None])
        return {side.tenant.name}
    scopes = {
        **{name: (Scope(tenant_id=side.tenant.pk), {name}) for name, side in sides.items()},
        "nobody": (NOTHING, set()),
        "unknown": (Scope(tenant_id=town.both.pk), set()),
        "site": (Scope(is_site=True), {"Abbey", "Barn"}),
    }
    scope, expected = scopes[who]
    pooled.execute(SET_CONTEXT, scope.settings())
    return expected


def take_a_turn(pooled: psycopg.Connection[Any], town: Town, who: str, end: str) -> None:
    with pooled.transaction(force_rollback=end == "rolls back"):
        assert seen(pooled) == set(), "inherited"
        expected = begin(pooled, town, who)
        assert seen(pooled) == expected
        if end == "switches inside":
            with pooled.transaction():
                assert seen(pooled) == expected
                expected = begin(pooled, town, "Barn")
                assert seen(pooled) == expected
        if end == "fails":
            raise Failed


@pytest.mark.promise(73)
def test_whoever_comes_next_on_a_connection_inherits_nothing(town: Town, pooled: psycopg.Connection[Any]) -> None:
    @settings(deadline=None, max_examples=40, database=None, suppress_health_check=list(HealthCheck))
    @given(turns=TURNS)
    def run(turns: list[tuple[str, str]]) -> None:
        for who, end in turns:
            try:
                take_a_turn(pooled, town, who, end)
            except Failed:
                assert end == "fails"
            assert seen(pooled) == set()

    run()
