"""Every page in every state that it can be in, with made-up people: what the views promise to give each template."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from accounts.models import User
from accounts.own_account.name_views import NameForm
from accounts.sign_in.local import forms
from accounts.sign_in.reauthentication.acts import Act
from api import problems
from providers.views.by_address import AddressForm
from tests.pages.api_samples import documented
from tests.pages.app_samples import CALLBACK, about_apps


@dataclass(frozen=True)
class Said:
    """A message that a page shows, as Django hands it to the template."""

    text: str
    level_tag: str = "success"

    def __str__(self) -> str:
        return self.text


NOW = datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One that vouches for people; `start_url` carries `next` already."""

    id: str
    name: str
    start_url: str
    is_last_used: bool = False
    is_down: bool = False
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class WayIn:
    """An identity that leads into the account."""

    provider: Provider
    email: str
    name: str
    connected_at: datetime
    disconnect_url: str
    is_current: bool = False
    can_disconnect: bool = True


@dataclass(frozen=True, kw_only=True)
class Session:
    """A device; one that came in with a local password has no provider."""

    browser: str
    ip_address: str
    provider: Provider | None
    created_at: datetime
    last_seen_at: datetime
    end_url: str
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whose account it is; stands for the signed-in user as well."""

    name: str
    email: str | None
    email_verified: bool
    created_at: datetime
    is_authenticated: bool = True


@dataclass(frozen=True, kw_only=True)
class Organization:
    """A membership as its person sees it."""

    id: str
    name: str
    role: str
    since: datetime
    is_primary: bool = False
    is_active: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the person is where they act."""

    tenant_name: str
    role_name: str


@dataclass(frozen=True, kw_only=True)
class Organizations:
    """What a page may show of them: ``choices`` are empty for somebody who has none."""

    standing: Standing | None
    all: list[Organization]
    choices: list[Organization]


@dataclass(frozen=True, kw_only=True)
class State:
    """A page in one state: the template and all that its view gives it."""

    name: str
    template: str
    context: Mapping[str, object]


def _provider(provider_id: str, name: str) -> Provider:
    return Provider(id=provider_id, name=name, start_url=f"/accounts/{provider_id}/login/?next=/accounts/")


GOOGLE = _provider("google", "Google")
MICROSOFT = _provider("microsoft", "Microsoft")
GITHUB = _provider("github", "GitHub")
KEYCLOAK = _provider("keycloak", "Keycloak")
PROVIDERS = [GOOGLE, MICROSOFT, GITHUB, KEYCLOAK]

ADA = Person(
    name="Ada Lovelace", email="ada@lovelace.example", email_verified=True, created_at=NOW - timedelta(days=412)
)
NAMELESS = Person(name="", email=None, email_verified=False, created_at=NOW - timedelta(minutes=3))

WITH_GITHUB = WayIn(
    provider=GITHUB,
    email="ada@lovelace.example",
    name="Ada Lovelace",
    connected_at=NOW - timedelta(days=412),
    disconnect_url="/accounts/connections/1/disconnect/",
    is_current=True,
)
WITH_MICROSOFT = WayIn(
    provider=MICROSOFT,
    email="augusta.ada.king.countess.of.lovelace@analytical-engines.example",
    name="Ada King",
    connected_at=NOW - timedelta(days=5, hours=7),
    disconnect_url="/accounts/connections/2/disconnect/",
)
WITHOUT_ADDRESS = WayIn(
    provider=KEYCLOAK, email="", name="", connected_at=NOW, disconnect_url="/accounts/connections/3/disconnect/"
)

HERE = Session(
    browser="Firefox on Linux",
    ip_address="192.0.2.17",
    provider=GITHUB,
    created_at=NOW - timedelta(hours=2),
    last_seen_at=NOW,
    end_url="/accounts/sessions/1/revoke/",
    is_current=True,
)
PHONE = Session(
    browser="Safari on iPhone",
    ip_address="2001:db8:85a3:8d3:1319:8a2e:370:7348",
    provider=MICROSOFT,
    created_at=NOW - timedelta(days=20),
    last_seen_at=NOW - timedelta(days=1),
    end_url="/accounts/sessions/2/revoke/",
)
UNKNOWN = Session(
    browser="Unknown browser",
    ip_address="",
    provider=None,
    created_at=NOW - timedelta(days=61),
    last_seen_at=NOW - timedelta(days=15),
    end_url="/accounts/sessions/3/revoke/",
)

ENGINES = Organization(
    id="0b6fd6c4-5a5b-4f2e-9b0c-1c1e34b6a001",
    name="Analytical Engines",
    role="owner",
    since=NOW - timedelta(days=400),
    is_active=True,
)
LONG = Organization(
    id="0b6fd6c4-5a5b-4f2e-9b0c-1c1e34b6a002",
    name="The Royal Society for the Encouragement of Difference Engines, Looms & <b>Cards</b>",
    role="member",
    since=NOW - timedelta(hours=3),
    is_primary=True,
)
HERE_STANDING = Standing(tenant_name="Analytical Engines", role_name="owner")
IN_NONE = Organizations(standing=None, all=[], choices=[])
IN_ONE = Organizations(standing=HERE_STANDING, all=[replace(ENGINES, is_primary=True)], choices=[])
IN_TWO = Organizations(standing=HERE_STANDING, all=[ENGINES, LONG], choices=[ENGINES, LONG])

SIGN_OUT: dict[str, object] = {
    "provider": None,
    "there_too": False,
    "action": "/accounts/logout/",
    "other_way": "/accounts/logout/?there_too=on",
}
REFUSED = {
    "heading": "Google did not let you in",
    "happened": "We could not confirm your sign-in with Google.",
    "meaning": "You are not signed in, and nothing was changed.",
    "advice": "Try again, or use another sign-in method.",
    "reference": "7F3K-Q2",
    "other_url": "/accounts/login/",
    "other_label": "Use another sign-in method",
}


def states() -> list[State]:
    """List every page in every state; a name is the template's, then the state's."""
    return [
        State(name=f"{template.removesuffix('.html').replace('/', '-')}-{name}", template=template, context=context)
        for template, contexts in (
            _signing_in() | _own_account() | _addresses() | _local() | _invited() | _errors() | about_apps(ADA, NOW)
        ).items()
        for name, context in contexts.items()
    ]


def _signing_in() -> dict[str, dict[str, dict[str, object]]]:
    last_used = [GOOGLE, MICROSOFT, replace(GITHUB, is_last_used=True), KEYCLOAK]
    one_down = [replace(GOOGLE, is_last_used=True, is_down=True), replace(MICROSOFT, is_down=True), GITHUB, KEYCLOAK]
    return {
        "accounts/sign_in.html": {
            "first-visit": {"providers": PROVIDERS},
            "known-browser": {"providers": last_used},
            "provider-down": {"providers": one_down},
            "signed-out": {"providers": last_used, "messages": [Said("You are signed out.")]},
            "ended-by-idling": {
                "providers": last_used,
                "messages": [Said("You were signed out because you had been away for a while.")],
            },
            "ended-by-administrator": {"providers": last_used, "messages": [Said("An administrator signed you out.")]},
            "another-account": {
                "providers": [
                    *PROVIDERS[:3],
                    replace(KEYCLOAK, hint="If it still shows another account, restart there."),
                ],
                "is_another": True,
                "is_next_lost": True,
                "choosing_way": "/accounts/login/",
            },
            "no-provider": {"providers": []},
            "local-accounts": {
                "providers": PROVIDERS,
                "has_local_accounts": True,
                "is_open_to_all": True,
            },
            "by-address": {
                "providers": PROVIDERS,
                "form": AddressForm(),
                "asks_alone": True,
                "every_way": "/accounts/login/",
                "action": "/accounts/login/",
            },
            "by-address-malformed": {
                "providers": PROVIDERS,
                "form": AddressForm({"email": "ada"}),
                "asks_alone": True,
                "every_way": "/accounts/login/",
                "action": "/accounts/login/",
            },
            "by-address-not-led-on": {
                "providers": PROVIDERS,
                "form": AddressForm({"email": "ada@example.com"}),
                "action": "/accounts/login/",
            },
            "only-local-accounts": {"providers": [], "has_local_accounts": True},
            "another-house": {"providers": [GOOGLE], "site_name": "Analytical Engines & Sons, London"},
        },
        "accounts/reauthenticate.html": {
            "connecting": {
                "user": ADA,
                "providers": [GITHUB, MICROSOFT],
                "act": Act.CONNECT,
            },
            "in-two-steps": {
                "user": ADA,
                "act": Act.EMAIL,
                "steps": [GITHUB],
                "email": "ada@example.com",
                "action": "/accounts/reauthenticate/",
            },
            "code-mailed": {
                "user": ADA,
                "act": Act.EMAIL,
                "steps": [GITHUB],
                "answered": "GitHub",
                "is_mailed": True,
                "email": "ada@example.com",
                "action": "/accounts/reauthenticate/",
            },
            "pinned": {
                "user": ADA,
                "act": Act.OTHER,
                "pinned_to": "Analytical Engines",
                "providers": [GOOGLE],
            },
            "pinned-without-a-way": {"user": ADA, "act": Act.EMAIL, "pinned_to": "Analytical Engines"},
            "sign-in-is-enough": {
                "user": ADA,
                "act": Act.EMAIL,
                "providers": [GITHUB],
                "is_enough_alone": True,
            },
        },
        "accounts/sign_out.html": {
            "asked": {"user": ADA, **SIGN_OUT},
            "there-too": {"user": ADA, **SIGN_OUT, "provider": KEYCLOAK},
            "there-too-chosen": {
                "user": ADA,
                "provider": KEYCLOAK,
                "there_too": True,
                "action": SIGN_OUT["other_way"],
                "other_way": SIGN_OUT["action"],
            },
        },
        "api/documentation.html": {"usual": {"groups": documented()}},
        "api/problem.html": {"forbidden": {"problem": problems.FORBIDDEN}},
        "providers/confirm.html": {
            "sign-in": {"provider": GOOGLE, "action": GOOGLE.start_url, "is_connect": False},
            "connect": {"user": ADA, "provider": GITHUB, "action": GITHUB.start_url, "is_connect": True},
            "another": {"provider": GOOGLE, "action": GOOGLE.start_url, "is_another": True, "is_next_lost": True},
        },
        "providers/onward.html": {"led-on": {"provider": KEYCLOAK, "url": f"{CALLBACK}?login_hint=x"}},
        "providers/refusal.html": {
            "retry": {**REFUSED, "retry_url": GOOGLE.start_url, "retry_label": "Try again"},
            "no-retry": {**REFUSED, "retry_url": "", "retry_label": ""},
            "signed-in": {**REFUSED, "user": ADA, "retry_url": GOOGLE.start_url, "retry_label": "Try again"},
        },
        "providers/clash.html": {
            "all-ways": {"provider": GOOGLE, "ways": [MICROSOFT, GITHUB, KEYCLOAK], "reference": "7F3K-Q2"},
            "with-a-password": {
                "provider": GOOGLE,
                "ways": [KEYCLOAK],
                "local_url": "/accounts/local/login/",
                "reference": "7F3K-Q2",
            },
            "no-other-way": {"provider": KEYCLOAK, "ways": [], "reference": "7F3K-Q2"},
            "another": {
                "provider": GOOGLE,
                "ways": [MICROSOFT],
                "reference": "7F3K-Q2",
                "another_url": f"{GOOGLE.start_url}?account=another",
            },
        },
    }


def _own_account() -> dict[str, dict[str, dict[str, object]]]:
    only = replace(WITH_GITHUB, can_disconnect=False)
    return {
        "accounts/account.html": {
            "lived-in": {"user": ADA, "person": ADA, "sign_in_methods": [WITH_GITHUB, WITH_MICROSOFT]},
            "in-one": {"user": ADA, "person": ADA, "sign_in_methods": [WITH_GITHUB], "organizations": IN_ONE},
            "in-two": {"user": ADA, "person": ADA, "sign_in_methods": [WITH_GITHUB], "organizations": IN_TWO},
            "new": {"user": NAMELESS, "person": NAMELESS, "sign_in_methods": [WITHOUT_ADDRESS]},
            "local": {
                "user": NAMELESS,
                "person": replace(ADA, email_verified=False),
                "sign_in_methods": [],
            },
        },
        "accounts/pinned.html": {
            "usual": {"user": ADA, "person": ADA, "organizations": IN_ONE},
            "nameless": {"user": NAMELESS, "person": NAMELESS, "organizations": IN_ONE},
        },
        "accounts/connections.html": {
            "two": {
                "user": ADA,
                "sign_in_methods": [WITH_GITHUB, WITH_MICROSOFT],
                "connectable": [GOOGLE, KEYCLOAK],
                "messages": [Said("Microsoft is connected. Your other devices are signed out.")],
            },
            "only-one": {"user": ADA, "sign_in_methods": [only], "connectable": [GOOGLE, MICROSOFT, KEYCLOAK]},
            "all": {
                "user": ADA,
                "sign_in_methods": [WITH_GITHUB, WITH_MICROSOFT, WITHOUT_ADDRESS],
                "connectable": [],
            },
            "none": {"user": ADA, "sign_in_methods": [], "connectable": PROVIDERS},
            "over": {
                "user": ADA,
                "sign_in_methods": [WITH_GITHUB, WITH_MICROSOFT],
                "over": [{"name": "Microsoft", "email": "ada@example.com", "start_url": "/accounts/microsoft/login/"}],
                "connectable": [GOOGLE, KEYCLOAK],
            },
        },
        "accounts/disconnect.html": {
            "asked": {"user": ADA, "method": WITH_MICROSOFT, "action": WITH_MICROSOFT.disconnect_url},
            "without-address": {"user": ADA, "method": WITHOUT_ADDRESS, "action": WITHOUT_ADDRESS.disconnect_url},
        },
        "accounts/organizations.html": {
            "none": {"user": ADA, "organizations": IN_NONE},
            "one": {"user": ADA, "organizations": IN_ONE},
            "two": {"user": ADA, "organizations": IN_TWO, "messages": [Said("You are now in Analytical Engines.")]},
        },
        "accounts/organization_refused.html": {
            "refused": {"user": ADA, "reference": "7F3K-Q2", "organizations": IN_TWO}
        },
        "accounts/data.html": {"asked": {"user": ADA, "organizations": IN_TWO}},
        "accounts/sessions.html": {
            "several": {
                "user": ADA,
                "organizations": IN_TWO,
                "sessions": [HERE, PHONE, UNKNOWN],
                "end_others_url": "/accounts/sessions/revoke-others/",
            },
            "only-here": {
                "user": ADA,
                "sessions": [HERE],
                "end_others_url": "/accounts/sessions/revoke-others/",
                "messages": [Said("Your other devices are signed out.")],
            },
        },
    }


def _addresses() -> dict[str, dict[str, dict[str, object]]]:
    pending = {
        "email": "augusta.ada.king@lovelace.example",
        "requested_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
    }
    link: dict[str, object] = {"action": "/accounts/links/x/"}
    named, nameless = NameForm(initial={"name": ADA.name}), NameForm({"name": ""})
    provided = {"identity_id": 1, "provider": "Google", "name": "Augusta Ada King", "is_used": False}
    new, wrong = forms.EmailForm(), forms.EmailForm({"email": "ada at lovelace"})
    return {
        "accounts/email.html": {
            "quiet": {"user": ADA, "person": ADA, "form": new, "pending": None},
            "waiting": {
                "user": ADA,
                "person": ADA,
                "form": new,
                "pending": pending,
                "messages": [Said("We have sent a link.")],
            },
            "wrong": {"user": ADA, "person": NAMELESS, "form": wrong, "pending": None},
        },
        "accounts/name.html": {
            "told": {"user": ADA, "person": ADA, "form": named, "provided": [provided]},
            "wrong": {"user": ADA, "person": NAMELESS, "form": nameless, "provided": []},
        },
        "accounts/email_confirm.html": {"asked": {"user": ADA, "email": "ada@lovelace.example", **link}},
        "accounts/email_sign_in.html": {"asked": {"sign_in_url": "/accounts/login/?next=/accounts/links/x/"}},
        "accounts/email_of_another.html": {"refused": {"user": ADA, "another_url": "/accounts/logout/"}},
        "accounts/email_taken.html": {"refused": {"user": ADA, "email": "ada@lovelace.example"}},
        "accounts/email_disown.html": {"asked": link},
        "accounts/email_disowned.html": {
            "in-time": {"done": {"was_pending": True, "had_changed": False}},
            "late": {"done": {"was_pending": False, "had_changed": True}},
        },
        "accounts/link_expired.html": {"refused": {}},
        "accounts/no_mail.html": {"refused": {"user": ADA}},
    }


def _local() -> dict[str, dict[str, dict[str, object]]]:
    here = {"action": "/accounts/register/"}
    ada = User(email="ada@lovelace.example")
    choosing = {"email": "ada@lovelace.example", "meaning": "One thing more.", "submit": "Set the password", **here}
    weak = forms.NewAccountForm({"name": "Ada", "password": "password1234"}, person=ada)
    return {
        "accounts/ask_email.html": {
            "asked": {"form": forms.EmailForm(), "heading": "Register", "back": "/accounts/login/", **here}
        },
        "accounts/passkey_sign_in.html": {
            "at-an-address": {"options": "", "has_passkey": True, "back": "/accounts/login/", **here},
        },
        "accounts/mailed.html": {"told": {"email": "ada@lovelace.example"}},
        "accounts/local_sign_in.html": {
            "open": {
                "form": forms.SignInForm(),
                "is_open_to_all": True,
                "passkey_url": "/accounts/local/passkey/",
                **here,
            }
        },
        "accounts/choose_password.html": {
            "weak": {**choosing, "heading": "Your new account", "form": weak},
            "new": {**choosing, "heading": "Choose a new password", "form": forms.NewPasswordForm(person=ada)},
        },
    }


def _invited() -> dict[str, dict[str, dict[str, object]]]:
    path = "/accounts/invitation/0f8fad5b-d9cb-469f-a165-70867728950e/XiEvbWMkCHLXo7i2rWxVJxGGCdlZvvyrOv2hDxsQuZI/"
    visitor: dict[str, object] = {
        "organization": "Analytical Engines & Sons",
        "role": "member",
        "inviter": "Charles Babbage",
        "email": "a…@lovelace.example",
        "expires_at": NOW + timedelta(days=7),
        "providers": PROVIDERS,
        "has_local_accounts": False,
        "next_query": "next=%2Faccounts%2Finvitation%2F",
        "new_account_url": f"{path}register/",
    }
    person = {**visitor, "user": ADA, "action": path}
    closed = {
        "user": ADA,
        "heading": "This invitation is for another address",
        "happened": "The account that you are signed in to does not have the address that was invited.",
        "meaning": "Nothing was changed.",
        "advice": "Sign in with the account that has it, then open the link again.",
        "reference": "7F3K-Q2",
    }
    return {
        "accounts/invitation_visitor.html": {
            "fresh": visitor,
            "local-accounts": {**visitor, "has_local_accounts": True},
            "without-providers": {**visitor, "providers": [], "inviter": ""},
        },
        "accounts/invitation.html": {
            "fresh": {**person, "welcome": "open"},
            "member-already": {**person, "welcome": "member_already"},
            "joined": {**person, "welcome": "joined"},
        },
        "accounts/invitation_closed.html": {
            "expired": {**closed, "as_another_url": ""},
            "another-address": {**closed, "as_another_url": f"{path}switch-account/", "can_confirm_here": True},
            "unconfirmed": {
                **closed,
                "as_another_url": f"{path}switch-account/",
                "is_unconfirmed": True,
                "has_local_accounts": True,
            },
        },
    }


def _errors() -> dict[str, dict[str, dict[str, object]]]:
    names = (400, 403, "403_csrf", 404, 405, 429, 500, 503)
    bare: dict[str, dict[str, dict[str, object]]] = {f"{name}.html": {"bare": {}} for name in names}
    stale: dict[str, dict[str, object]] = {"bare": {}, "signed-in": {"is_in": True}}
    return (
        bare
        | {"403_csrf.html": stale}
        | {"500.html": {"bare": {}, "with-reference": {"reference": "7F3K-Q2", "user": ADA}}}
    )
