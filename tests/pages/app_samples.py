"""The pages around apps in every state, as `samples` lists those of people."""

from datetime import datetime, timedelta
from typing import Any

from django.forms import Form

from authserver.authorization.own_incidents import HAPPENED
from authserver.services.pages import KeyForm

CALLBACK = "https://ledger.analytical-engines.example/callback"


def about_apps(person: object, now: datetime) -> dict[str, dict[str, dict[str, object]]]:
    """Return the contexts by template and state, for a signed-in person."""
    ours = {"name": "Harbour", "is_first_party": True}
    theirs = {"name": "Ledger for Analytical Engines", "is_first_party": False}
    asked: dict[str, Any] = {
        "user": person,
        "client": theirs,
        "host": "ledger.analytical-engines.example",
        "asks": True,
        "organization": "Analytical Engines",
        "registered_by": "Analytical Engines",
        "wishes": [
            "know who you are, by an identifier that never changes",
            "see your e-mail address",
            "read your reports",
        ],
        "resources": ["https://api.analytical-engines.example/reports"],
        "action": "/oauth/consent/0?client_id=x",
        "refuse_url": "/oauth/refuse?client_id=x",
        "switch_url": "/oauth/switch-account?client_id=x",
    }
    listed = {
        "name": "Harbour",
        "host": "harbour.example",
        "organization": "Analytical Engines",
        "wishes": asked["wishes"],
        "since": now - timedelta(days=80),
        "last_used_at": now - timedelta(minutes=5),
        "withdraw_url": "/accounts/apps/x/withdraw/",
    }
    return {
        "authserver/consent.html": {
            "asked": asked,
            "of-our-own": {**asked, "client": ours, "asks": False, "registered_by": None, "resources": []},
            "device": {**asked, "host": "", "is_device": True, "switch_url": ""},
            "native": {
                **asked,
                "host": "127.0.0.1:51234",
                "is_native": True,
                "registered_by": None,
                "organization": None,
            },
            "other-person": {**asked, "client": ours, "asks": False, "is_other_person": True, "resources": []},
        },
        **_keys(person, now),
        "authserver/device.html": {
            "empty": {"user": person, "typed": "", "action": "/oauth/device/check"},
            "from-a-link": {"user": person, "typed": "BCDF-GHJK", "action": "/oauth/device/check"},
        },
        "authserver/device_done.html": {
            "allowed": {"user": person, "client": theirs, "is_allowed": True},
            "refused": {"user": person, "client": theirs, "is_allowed": False},
        },
        "authserver/onward.html": {"back": {"client": theirs, "url": f"{CALLBACK}?code=x&iss=y"}},
        "authserver/form_post.html": {
            "back": {"client": theirs, "action": CALLBACK, "fields": {"code": "x", "iss": "y", "state": "a state"}}
        },
        "authserver/refused.html": {
            "unknown": {"reference": "7F3K-Q2", "reason": "client_unknown", "client": None},
            "known": {"reference": "7F3K-Q2", "reason": "redirect_uri_unknown", "client": theirs, "user": person},
        },
        "api/not_admitted.html": {
            "not-allowed": {
                "user": person,
                "reason": "not_allowed",
                "host": {"name": "Wiki"},
                "missing": {"tenant", "org_role", "scope", "fresh"},
            },
            "no-factor": {"user": person, "reason": "not_allowed", "host": {"name": "Wiki"}, "missing": {"acr"}},
            "lost": {
                "user": person,
                "reason": "browser_lost",
                "host": {"name": "Wiki", "origin": "https://wiki.example.com"},
                "reference": "7F3K-Q2",
            },
            "unknown": {"reason": "host_unknown", "host": None, "reference": "7F3K-Q2"},
        },
        "authserver/logout.html": {
            "asked": {"user": person, "client": None, "action": "/oauth/logout/confirm/0"},
            "for-an-app": {
                "user": person,
                "client": theirs,
                "leads_back": True,
                "action": "/oauth/logout/confirm/0?client_id=x",
            },
            "other-person": {
                "user": person,
                "client": ours,
                "is_other_person": True,
                "action": "/oauth/logout/confirm/0?client_id=x",
            },
        },
        "authserver/signed_out.html": {"nobody": {}},
        "authserver/logout_refused.html": {
            "unknown": {"reference": "7F3K-Q2", "reason": "redirect_uri_unknown", "client": theirs},
        },
        "authserver/connected_apps.html": {
            "none": {"user": person, "apps": []},
            "two": {
                "user": person,
                "apps": [listed, {**listed, "name": "Ledger", "organization": "", "host": "", "wishes": []}],
            },
            "incidents": {"user": person, "apps": [listed], "incidents": _incidents(now)},
        },
    }


def _incidents(now: datetime) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "app": "Harbour",
            "happened": happened,
            "at": now - timedelta(hours=hours),
            "seen": "203.0.113.7, python-httpx",
            "before": "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff, Firefox on Windows",
        }
        for hours, happened in enumerate(HAPPENED.values(), 1)
    ]
    return [*found, {"app": "Ledger", "happened": found[0]["happened"], "at": now - timedelta(days=9)}]


def _keys(person: object, now: datetime) -> dict[str, dict[str, dict[str, object]]]:
    form = type("SampleKeyForm", (KeyForm,), {"__init__": Form.__init__})
    key = {
        "name": "Laptop",
        "prefix": "vak_0123456789abcdef",
        "organization": "Analytical Engines",
        "wishes": ["borrow books", "see your name, your organizations and your roles in them"],
        "created_at": now - timedelta(days=80),
        "last_used_at": now - timedelta(minutes=5),
        "expires_at": now + timedelta(days=10),
        "revoke_url": "/accounts/keys/x/revoke/",
    }
    return {
        "authserver/keys.html": {
            "some": {"user": person, "keys": [key, {**key, "organization": "", "last_used_at": None, "wishes": []}]},
            "none": {"user": person, "keys": []},
        },
        "authserver/create_key.html": {
            "asked": {"user": person, "form": form()},
            "wrong": {"user": person, "form": form({"name": "", "days": "3"})},
        },
        "authserver/key_created.html": {
            "shown": {"user": person, "name": "Laptop", "key": f"vak_0123456789abcdef{'x' * 51}"},
        },
    }
