"""The conditions that an issuer must meet for its speed to count, tested on the running issuer."""

import time
from collections.abc import Iterator

import jwt
from psycopg import sql

from bench.conditions import Condition
from bench.running import DATABASE
from bench.tokens.agreed import MACHINE, OTHER
from bench.tokens.issuer import Issuing
from bench.wire import Answer

GRANTS = 5  # of each kind, for the trail
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]  # RFC 9068, section 2.2


def conditions(issuing: Issuing) -> list[Condition]:
    """Test all of them, with honest grants before and after: an issuer that refuses everyone proves nothing."""
    first = _is_honest(issuing)
    found = [_refuses_wrong_secret(issuing), _refuses_another_clients_token(issuing), *_ends_family(issuing)]
    found += [_verifies_offline(issuing), _keeps_no_secret(issuing), _records(issuing)]
    return [Condition(what="honest grants succeed", holds=first and _is_honest(issuing), seen=""), *found]


def _is_honest(issuing: Issuing) -> bool:
    refreshed = issuing.refresh(issuing.tokens()["refresh_token"])
    return refreshed.status == 200 and bool(issuing.machine_token())


def _refuses_wrong_secret(issuing: Issuing) -> Condition:
    """RFC 6749, section 5.2."""
    answer = issuing.ask(issuing.machine_form, MACHINE, secret="not-the-secret")  # noqa: S106  # it opens nothing
    return Condition(what="refuses a wrong secret with 401", holds=answer.status == 401, seen=_seen(answer))


def _refuses_another_clients_token(issuing: Issuing) -> Condition:
    """RFC 6749, section 6: a refresh token is bound to its client."""
    answer = issuing.refresh(issuing.tokens()["refresh_token"], OTHER)
    return Condition(what="refuses another client's refresh token", holds=_is_refused(answer), seen=_seen(answer))


def _ends_family(issuing: Issuing) -> Iterator[Condition]:
    """Use a refresh token again, after its successor and after the window: RFC 9700, section 4.14.2."""
    first = issuing.tokens()
    newest = issuing.refresh(first["refresh_token"])
    held: dict[str, str] = newest.json()
    was_active = issuing.is_active(held["access_token"])
    time.sleep(issuing.issuer.reuse_window + 0.5)
    again, after = issuing.refresh(first["refresh_token"]), issuing.refresh(held["refresh_token"])
    yield Condition(what="refuses a used refresh token", holds=_is_refused(again), seen=_seen(again))
    yield Condition(what="then refuses its successor too", holds=_is_refused(after), seen=_seen(after))
    is_active = issuing.is_active(held["access_token"])
    yield Condition(
        what="then ends the family's access token too",
        holds=was_active and not is_active,
        seen="still active" if is_active else "introspection did not know it before either",
    )


def _verifies_offline(issuing: Issuing) -> Condition:
    """Verify an access token of each grant by the published keys alone."""
    keys = jwt.PyJWKSet.from_dict(issuing.read(issuing.path("jwks_uri")))
    tokens = [issuing.machine_token(), issuing.refresh(issuing.tokens()["refresh_token"]).json()["access_token"]]
    issuer: str = issuing.metadata["issuer"]
    audience = issuing.issuer.audience or issuer
    found = [problem for token in tokens if (problem := objection(token, keys, issuer=issuer, audience=audience))]
    return Condition(what="access tokens verify by the key set", holds=not found, seen=", ".join(found))


def objection(token: str, keys: jwt.PyJWKSet, *, issuer: str, audience: str) -> str:
    """Return what a resource server objects to in an access token (RFC 9068, section 4), or nothing."""
    try:
        header = jwt.get_unverified_header(token)
        jwt.decode(
            token,
            keys[header["kid"]],
            algorithms=["RS256"],
            audience=audience,
            issuer=issuer,
            options={"require": REQUIRED},
        )
    except (jwt.InvalidTokenError, KeyError) as reason:
        return f"{type(reason).__name__}: {reason}"
    kind = str(header.get("typ", "")).lower()
    return "" if kind in {"at+jwt", "application/at+jwt"} else f"its type is {kind}"


def _keeps_no_secret(issuing: Issuing) -> Condition:
    """No row contains a client's secret or a token that is valid now."""
    held = issuing.refresh(issuing.tokens()["refresh_token"]).json()
    secrets = {
        "a client's secret": issuing.clients[MACHINE].secret,
        "a refresh token": held["refresh_token"],
        "an access token": held["access_token"],
    }
    with issuing.measured.running.postgres.connect(DATABASE) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        found = [
            f"{name} in {table[1]}"
            for table in tables
            for name, value in secrets.items()
            if connection.execute(
                sql.SQL("SELECT 1 FROM {} AS row WHERE strpos(row::text, %s) > 0 LIMIT 1").format(
                    sql.Identifier(*table)
                ),
                [value],
            ).fetchone()
        ]
    return Condition(what="no secret or token readable in a table", holds=not found, seen=", ".join(found))


def _records(issuing: Issuing) -> Condition:
    what, query = "an audit entry for each grant", issuing.issuer.trail
    if not query:
        return Condition(what=what, holds=False, seen="has no trail")
    families = [issuing.tokens()["refresh_token"] for _ in range(GRANTS)]
    before = _count(issuing, query)
    for token in families:
        issuing.machine_token()
        issuing.refresh(token)
    entries = _count(issuing, query) - before
    return Condition(what=what, holds=entries == 2 * GRANTS, seen=f"{entries} for {2 * GRANTS}")


def _count(issuing: Issuing, query: str) -> int:
    with issuing.measured.running.postgres.connect(DATABASE) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def _is_refused(answer: Answer) -> bool:
    return answer.status == 400 and answer.json().get("error") == "invalid_grant"


def _seen(answer: Answer) -> str:
    return f"{answer.status} {answer.json().get('error', '')}".strip()
