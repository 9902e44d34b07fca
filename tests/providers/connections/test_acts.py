"""What administrators may do with connections, and what is refused: all by the functions that the console calls."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.models import ClaimRule, Identity, Role, User
from accounts.models.active_membership import set_context
from accounts.organizations.delegation import NotDelegated
from audit.models import Entry
from foundation.encryption import decrypt
from providers.connections import acts, building
from providers.models import Connection, ConnectionKind, RevocationState, UpstreamIssuer, UpstreamRevocation
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context, tenant_context
from tests.support.administrator import root
from tests.support.together import leave_nothing_open
from tests.tenancy.conftest import Side, Town, town

__all__ = ["root", "town"]  # fixtures of these tests too
pytestmark = pytest.mark.django_db
ISSUER = "https://idp.example.com/realms/acme"


def draft(side: Side | None = None, **values: Any) -> Connection:
    with site_context("a test"):
        role = Role.objects.get(name="member") if side else None
    given = {"kind": ConnectionKind.OIDC, "label": "Acme", "issuer": ISSUER, "client_id": "us", "sign_up_role": role}
    return Connection(**given | {"tenant": side.tenant if side else None} | values)


def made(side: Side | None = None, *, is_tested: bool = False, **values: Any) -> Connection:
    """Store a connection as if somebody had set it up, and tested it."""
    with site_context("a test"):
        connection = draft(side, slug="acme", is_active=is_tested, **values)
        connection.tested_at = timezone.now() if is_tested else None
        connection.client_secret = building.encrypted("s3cret", connection)
        connection.save()
    return connection


def again(connection: Connection) -> Connection:
    with site_context("a test looks"):
        return Connection.objects.get(pk=connection.pk)


def owner_of(side: Side) -> User:
    """Return a tenant's owner as in a request of theirs. Call it in the tenant's context."""
    side.owner.active_membership = set_context(side.owner.pk, side.tenant.pk, pinned=None)
    return side.owner


def refusal(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return error.value.message_dict


def person_of(connection: Connection) -> Identity:
    user = User.objects.create_user(name="Ada")
    return Identity.objects.create(user=user, provider=connection.slug, issuer=connection.issuer, subject="ada")


def test_a_new_one_is_off_with_a_name_that_nobody_guesses_and_a_secret_that_nobody_reads(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        connection = draft(town.a, preset="okta", is_active=True, tested_at=timezone.now())
        acts.create(connection, secret="s3cret", by=owner_of(town.a))
        other = draft(town.a, kind=ConnectionKind.KEYCLOAK)
        acts.create(other, secret="s3cret", by=town.a.owner)

    stored = again(connection)
    assert (stored.is_active, stored.tested_at, stored.tenant_id) == (False, None, town.a.tenant.pk)
    assert stored.slug.startswith("okta-")
    assert other.slug.startswith("keycloak-")
    assert len(stored.slug) == len("okta-") + 8
    assert "s3cret" not in stored.client_secret
    assert decrypt(stored.client_secret, owner=stored.pk, purpose=building.PURPOSE) == "s3cret"
    assert "s3cret" not in str(list(Entry.objects.values_list("before", "after", "details")))


def test_a_superuser_may_choose_the_name_of_one_of_the_site(root: User, town: Town) -> None:
    with site_context("a superuser"):
        connection = draft()
        acts.create(connection, secret="s", by=root, slug="acme")
        assert connection.slug == "acme"
        for name in ("keycloak", "google", "sessions", "login", "links", "local", "connections"):
            with pytest.raises(ValidationError) as error:
                acts.create(draft(), secret="s", by=root, slug=name)
            assert list(refusal(error)) == ["slug"]
        for name in ("acme", "Acme", "a" * 33, "-a", "a/b"):
            with pytest.raises(ValidationError) as error:
                acts.create(draft(), secret="s", by=root, slug=name)
            assert list(refusal(error)) == ["slug"]
        with pytest.raises(NotDelegated):
            acts.create(draft(town.a, issuer="https://a.example.com"), secret="s", by=root, slug="north")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"issuer": "http://idp.example.com"}, "issuer"),
        ({"issuer": "https://10.0.0.1/realms/x"}, "issuer"),
        ({"issuer": "https://169.254.169.254"}, "issuer"),
        ({"issuer": "https://[fd00::1]:8443"}, "issuer"),
        ({"issuer": "https://user:password@idp.example.com"}, "issuer"),
        ({"issuer": "https://idp.example.com/.well-known/openid-configuration"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/common/v2.0", "kind": "microsoft"}, "issuer"),
        ({"issuer": "https://login.microsoftonline.com/organizations", "kind": "microsoft"}, "issuer"),
        ({"signing_algorithms": ["HS256"]}, "signing_algorithms"),
        ({"client_id": ""}, "client_id"),
        ({"label": ""}, "label"),
        ({"kind": "saml"}, "kind"),
        ({"sign_up": "domains"}, "sign_up_domains"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(town: Town, values: dict[str, Any], field: str) -> None:
    with tenant_context(town.a.tenant.pk):
        with pytest.raises(ValidationError) as error:
            acts.create(draft(town.a, **values), secret="s", by=owner_of(town.a))
        assert field in refusal(error)
        assert not Connection.objects.exists()


def test_without_a_secret_or_a_role_there_is_none(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        with pytest.raises(ValidationError) as error:
            acts.create(draft(town.a), secret="", by=owner_of(town.a))
        assert list(refusal(error)) == ["secret"]
        with pytest.raises(ValidationError, match="Choose the role"):
            acts.create(draft(town.a, sign_up_role=None), secret="s", by=town.a.owner)


def test_nobody_reaches_beyond_their_own_tenant(town: Town) -> None:
    site, theirs = made(), made_for(town.b)
    with tenant_context(town.a.tenant.pk):
        owner = owner_of(town.a)
        for one in (draft(), draft(town.b)):
            with pytest.raises(NotDelegated):
                acts.create(one, secret="s", by=owner)
        for one in (site, theirs):
            for act in (acts.change, acts.switch_on, acts.switch_off, acts.delete):
                with pytest.raises(Connection.DoesNotExist):
                    act(one, by=owner)
        member = town.a.member
        member.active_membership = set_context(member.pk, town.a.tenant.pk, pinned=None)
        with pytest.raises(NotDelegated):
            acts.create(draft(town.a), secret="s", by=member)
    assert again(site).version == again(theirs).version == 1


def made_for(side: Side) -> Connection:
    with site_context("a test"):
        connection = draft(side, slug="theirs", issuer="https://theirs.example.com")
        connection.save()
    return connection


def test_nobody_lets_people_in_with_more_than_they_have(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        connection = made(town.a, is_tested=True)
        owner = owner_of(town.a)
        connection.sign_up_role = Role.objects.create(name="Bigger", tenant=town.a.tenant, scopes=["everything"])
        with pytest.raises(NotDelegated, match="role_above"):
            acts.change(connection, by=owner)
        with pytest.raises(NotDelegated, match="role_above"):
            acts.create(draft(town.a, sign_up_role=connection.sign_up_role), secret="s", by=owner)
        connection.sign_up_role = town.b.role
        with pytest.raises(ValidationError, match="role"):
            acts.change(connection, by=owner)


@pytest.mark.parametrize("change", [{"issuer": ISSUER + "2"}, {"kind": ConnectionKind.KEYCLOAK}, {"client_id": "we"}])
def test_another_configuration_must_be_tested_again(town: Town, change: dict[str, Any]) -> None:
    with tenant_context(town.a.tenant.pk):
        connection = made(town.a, is_tested=True)
        owner = owner_of(town.a)
        connection.label = "Acme Ltd"
        acts.change(connection, by=owner)
        assert (again(connection).is_active, again(connection).label) == (True, "Acme Ltd")
        assert again(connection).version == 2

        for name, value in change.items():
            setattr(connection, name, value)
        acts.change(connection, by=owner)
        assert (again(connection).is_active, again(connection).tested_at) == (False, None)
        with pytest.raises(ValidationError, match="as a test first"):
            acts.switch_on(connection, by=owner)
    assert Entry.objects.filter(action="connection.switched_off", object_id=str(connection.pk)).count() == 1


def test_what_the_form_does_not_have_stays(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        connection = made(town.a)
        secret = connection.client_secret
        forged = draft(town.a, slug="google", is_active=True, tested_at=timezone.now(), client_secret="x")
        forged.pk, forged._state.adding = connection.pk, False  # noqa: SLF001  # as a form would have it
        acts.change(forged, by=owner_of(town.a))
        stored = again(connection)
        assert (stored.slug, stored.is_active, stored.tested_at, stored.client_secret) == ("acme", False, None, secret)
        acts.change(forged, secret="another", by=town.a.owner)
        stored = again(connection)
        assert decrypt(stored.client_secret, owner=stored.pk, purpose=building.PURPOSE) == "another"


@pytest.mark.parametrize("change", [{"issuer": ISSUER + "2"}, {"kind": ConnectionKind.KEYCLOAK}])
def test_people_keep_the_issuer_that_they_have(town: Town, change: dict[str, str]) -> None:
    with tenant_context(town.a.tenant.pk):
        connection = made(town.a, is_tested=True)
        person_of(connection)
        for name, value in change.items():
            setattr(connection, name, value)
        with pytest.raises(ValidationError, match="identities move") as error:
            acts.change(connection, by=owner_of(town.a))
        assert list(refusal(error)) == list(change)
        assert again(connection).issuer == ISSUER


def test_it_is_switched_on_and_off_and_the_trail_knows(town: Town) -> None:
    connection = made(town.a, is_tested=True)
    with tenant_context(town.a.tenant.pk):
        owner = owner_of(town.a)
        for act, is_active in ((acts.switch_off, False), (acts.switch_off, False), (acts.switch_on, True)):
            act(connection, by=owner)
            assert again(connection).is_active is is_active
    told = Entry.objects.filter(object_id=str(connection.pk), action__startswith="connection.").order_by("id")
    assert list(told.values_list("action", flat=True)) == ["connection.switched_off", "connection.switched_on"]
    assert set(told.values_list("tenant_id", flat=True)) == {str(town.a.tenant.pk)}


def test_what_is_in_use_is_not_deleted(town: Town) -> None:
    connection = made(town.a)
    with site_context("a test"):
        identity = person_of(connection)
        waiting = UpstreamRevocation.objects.create(provider="acme", issuer=ISSUER, reason="unlinked")
        rule = ClaimRule.objects.create(provider="acme", claim="x", value="y", tenant=town.a.tenant, role=town.a.role)
    with tenant_context(town.a.tenant.pk):
        owner = owner_of(town.a)
        with pytest.raises(ValidationError, match="Switch it off instead"):
            acts.delete(connection, by=owner)
        identity.delete()
        with pytest.raises(ValidationError, match="being revoked"):
            acts.delete(connection, by=owner)
        waiting.state = RevocationState.DONE
        waiting.save()
        with pytest.raises(ValidationError, match="Claim rules"):
            acts.delete(connection, by=owner)
    with site_context("a superuser"):
        rule.delete()
    with tenant_context(town.a.tenant.pk):
        acts.delete(connection, by=owner)
        assert not Connection.objects.exists()


def taken(town: Town, issuer: str) -> str:
    with tenant_context(town.a.tenant.pk), pytest.raises(ValidationError) as error:
        acts.create(draft(town.a, issuer=issuer), secret="s", by=owner_of(town.a))
    assert list(refusal(error)) == ["issuer"]
    return refusal(error)["issuer"][0]


def test_an_issuer_of_somebody_else_is_refused_without_saying_whose_it_is(town: Town, providers: Sandbox) -> None:
    with site_context("a test"):
        draft(slug="of-site", issuer="https://site.example.com").save()
        draft(town.b, slug="of-b", issuer="https://b.example.com").save()
        UpstreamIssuer.objects.create(name="x", issuer="https://api.example.com", audiences=["api"])

    said = {
        taken(town, issuer)
        for issuer in (
            "https://SITE.example.com/",
            "https://b.example.com:443",
            "https://api.example.com//",
            providers.world.issuer(Provider.GOOGLE) + "/",
        )
    }
    assert len(said) == 1
    assert "Barn" not in str(said)


def test_the_site_may_name_an_issuer_twice_but_not_a_tenant_s(town: Town, root: User) -> None:
    made_for(town.b)
    with site_context("a superuser"):
        for _ in range(2):
            acts.create(draft(), secret="s", by=root)
        with pytest.raises(ValidationError, match="in use elsewhere"):
            acts.create(draft(issuer="https://theirs.example.com/"), secret="s", by=root)


def test_github_is_named_without_a_slash_as_its_callbacks_do(root: User) -> None:
    with site_context("a superuser"):
        connection = draft(kind=ConnectionKind.GITHUB, issuer="https://github.example.com/")
        acts.create(connection, secret="s", by=root)
    assert again(connection).issuer == "https://github.example.com"


@pytest.mark.django_db(transaction=True)
def test_whoever_is_slower_by_a_moment_is_refused_like_all_others(town: Town) -> None:
    def late() -> str:
        try:
            with tenant_context(town.a.tenant.pk), pytest.raises(ValidationError) as error:
                acts.create(draft(town.a), secret="s", by=owner_of(town.a))
            return refusal(error)["issuer"][0]
        finally:
            leave_nothing_open()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), site_context("a test, faster"):
            draft(town.b, slug="of-b").save()
            slower = pool.submit(late)
            wait_for_the_lock()
        assert "in use elsewhere" in slower.result(timeout=20)


def wait_for_the_lock() -> None:
    """Return once another connection waits for the issuer that this transaction has named."""
    with database.cursor() as cursor:
        for _ in range(500):
            cursor.execute("SELECT pg_sleep(0.02), count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone()[1]:
                return
    raise AssertionError("nobody waits")
