"""Render the sandbox's pages: the picker, the front page, sign-out and errors."""

import html
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import urlencode

from sandbox.journal import Entry
from sandbox.personas import NEWCOMER, Persona
from sandbox.providers import Provider
from sandbox.sessions import Session
from sandbox.wire import Answer, Fields, html_answer

HERE = Path(__file__).parent


class Markup(str):
    """Text that is HTML already. Everything else is escaped when a template is filled."""

    __slots__ = ()


def stylesheet() -> Answer:
    return Answer(200, _read("style.css").encode(), "text/css; charset=utf-8")


def portrait() -> Answer:
    return Answer(200, _read("portrait.svg").encode(), "image/svg+xml")


def picker(provider: Provider, cast: Sequence[Persona], *, query: str, hint: str) -> Answer:
    """Show the cast. The person that the login hint names comes first and is marked."""
    ordered = sorted(cast, key=lambda p: not _is_meant(p, hint))
    buttons = [
        _persona_button(p.key, p.name, p.email or "no address", p.title, meant=_is_meant(p, hint)) for p in ordered
    ]
    buttons.append(_persona_button(NEWCOMER, "Somebody new", "new address", "Made up on each use.", meant=False))
    content = fill(
        "picker.html",
        provider=provider.value,
        label=provider.label,
        query=query,
        buttons=joined(buttons),
    )
    return page(f"Sign in with {provider.label}", content, provider.value)


def leave(provider: Provider, parameters: Mapping[str, str]) -> Answer:
    query = urlencode(parameters)
    content = fill("leave.html", provider=provider.value, label=provider.label, query=query)
    return page(f"Sign out of {provider.label}", content, provider.value)


def left(provider: Provider, headers: Fields) -> Answer:
    content = fill("left.html", label=provider.label)
    answer = page("Signed out", content, provider.value)
    return Answer(answer.status, answer.body, answer.content_type, headers)


def problem(text: str, status: int) -> Answer:
    return page("Not like this", fill("problem.html", text=text), "none", status)


def page(title: str, content: Markup, theme: str, status: int = 200) -> Answer:
    played = f", playing {Provider(theme).label}" if theme in set(Provider) else ""
    whole = fill("layout.html", title=title, theme=theme, played=played, content=content)
    return html_answer(whole, status)


def fill(template: str, **values: str) -> Markup:
    safe = {n: v if isinstance(v, Markup) else html.escape(v) for n, v in values.items()}
    return Markup(Template(_read(template)).substitute(safe))


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("\n".join(parts))


def element(name: str, text: str, **attributes: str) -> Markup:
    """Return one element. A trailing underscore in an attribute's name is dropped."""
    pairs = "".join(f' {n.rstrip("_")}="{html.escape(v)}"' for n, v in attributes.items())
    inner = text if isinstance(text, Markup) else html.escape(text)
    return Markup(f"<{name}{pairs}>{inner}</{name}>")


def row(*cells: str) -> Markup:
    return element("tr", joined(element("td", cell) for cell in cells))


def options(pairs: Iterable[tuple[str, str]], chosen: str) -> Markup:
    return joined(
        element("option", text, value=value, **({"selected": ""} if value == chosen else {})) for value, text in pairs
    )


def request_rows(entries: Sequence[Entry]) -> Markup:
    return joined(
        row(
            time.strftime("%H:%M:%S", time.localtime(entry.at)),
            entry.provider.label,
            entry.method,
            entry.endpoint,
            str(entry.status or "no answer"),
        )
        for entry in entries
    )


def session_rows(sessions: Sequence[Session]) -> Markup:
    return joined(
        row(
            session.provider.label,
            session.persona.name,
            time.strftime("%H:%M:%S", time.localtime(session.auth_time)),
            fill("end_session.html", sid=session.sid, person=session.persona.name, act=_ending(session)),
        )
        for session in sessions
    )


def cast_rows(cast: Sequence[Persona]) -> Markup:
    return joined(
        row(
            element("code", persona.key),
            persona.name,
            persona.email or "none",
            persona.title,
            ", ".join(p.label for p in persona.providers) if len(persona.providers) < 4 else "all",
        )
        for persona in cast
    )


def _persona_button(key: str, name: str, address: str, title: str, *, meant: bool) -> Markup:
    return fill(
        "persona.html",
        key=key,
        name=name,
        initial=(name or key).lstrip("=<\"' ")[:1].upper(),
        address=address,
        title=title,
        mark=Markup('<span class="mark">suggested</span>') if meant else Markup(""),
        focus=Markup(" autofocus") if meant else Markup(""),
    )


def _ending(session: Session) -> str:
    tells = session.provider is Provider.KEYCLOAK
    return "End session (back-channel logout)" if tells else "End session"


def _is_meant(persona: Persona, hint: str) -> bool:
    return bool(hint) and hint in {persona.key, persona.email}


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text("utf-8")
