"""Render the front page: the providers, their active faults, live sessions and recent requests."""

from sandbox.faults import CATALOGUE
from sandbox.pages import (
    Markup,
    cast_rows,
    element,
    fill,
    joined,
    options,
    page,
    request_rows,
    session_rows,
)
from sandbox.providers import OPENID_PROVIDERS, Provider
from sandbox.wire import Answer
from sandbox.world import World

SHOWN = 30


def front(world: World) -> Answer:
    recent = world.journal.entries()[-SHOWN:][::-1]
    live = world.sessions.live()[-SHOWN:][::-1]
    content = fill(
        "front.html",
        product=world.public_url,
        providers=joined(_card(world, provider) for provider in Provider),
        sessions=_table(("Provider", "Person", "Since", ""), session_rows(live), _NO_SESSION),
        requests=_table(_COLUMNS, request_rows(recent), "No request has come yet."),
        cast=cast_rows(world.personas()),
    )
    return page("Providers", content, "front")


_COLUMNS = ("Time", "Provider", "Method", "Endpoint", "Answer")
_NO_SESSION = "Nobody is signed in. A session appears here when somebody is picked."


def _table(heads: tuple[str, ...], rows: Markup, empty: str) -> Markup:
    if not rows:
        return element("p", empty, class_="empty")
    head = element("thead", element("tr", joined(element("th", text) for text in heads)))
    table = element("table", joined((head, element("tbody", rows))))
    return element("div", table, class_="scroll")


def _card(world: World, provider: Provider) -> Markup:
    active = world.active(provider)
    fault = active.fault if active else None
    return fill(
        "provider.html",
        provider=provider.value,
        label=provider.label,
        mood="ill" if fault else "well",
        state=f"{fault.says} ({fault.key})" if fault else "Behaves well.",
        faults=_fault_choice(provider, fault.key if fault else ""),
        people=_people_choice(world, provider),
        keys=_keys(world, provider),
        kind="Issuer" if provider in OPENID_PROVIDERS else "URL",
        issuer=world.issuer(provider),
        client=world.client(provider).client_id,
        redirect=world.redirect_uri(provider),
    )


def _fault_choice(provider: Provider, chosen: str) -> Markup:
    groups: dict[str, list[tuple[str, str]]] = {}
    for fault in CATALOGUE.values():
        if provider in fault.providers:
            groups.setdefault(fault.stage, []).append((fault.key, f"{fault.says} ({fault.key})"))
    return joined(
        (
            options([("", "None: behave well")], chosen),
            *(element("optgroup", options(pairs, chosen), label=stage) for stage, pairs in groups.items()),
        )
    )


def _people_choice(world: World, provider: Provider) -> Markup:
    cast = [(p.key, p.name) for p in world.personas(provider)]
    pairs = [("", "No: show the picker"), *cast, ("new", "Somebody new each time")]
    return options(pairs, world.automatic_persona(provider) or "")


def _keys(world: World, provider: Provider) -> Markup:
    if provider not in OPENID_PROVIDERS:
        return Markup("")
    kid = world.ring(provider).current.kid
    return fill("rotate.html", provider=provider.value, kid=f"{kid[:16]}…")
