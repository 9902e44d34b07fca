"""Control the sandbox from outside, by JSON or by its own forms: faults, people, keys, sessions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sandbox.backchannel import end_session
from sandbox.config import ConfigRefused
from sandbox.faults import CATALOGUE
from sandbox.pages.front import front
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Request, json_answer, redirect
from sandbox.world import World

Order = Mapping[str, Any]


class Control:
    """Every order is a POST. The answer is the new state as JSON, or for a form a redirect to `/`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> Routes:
        orders: dict[str, Callable[[Order], object]] = {
            "faults": self._set_fault,
            "auto": self._set_automatic_persona,
            "personas": self._add_persona,
            "keys": self._rotate_keys,
            "sessions/end": self._end_session,
            "product": self._set_product,
            "reset": lambda _order: self.world.reset(),
        }
        found: Routes = {
            ("GET", "/"): Endpoint("front", lambda _request: front(self.world)),
            ("GET", "/_control/state"): Endpoint("state", lambda _request: json_answer(self.state())),
        }
        for path, order in orders.items():
            found["POST", f"/_control/{path}"] = Endpoint(path, self._obeying(order), guarded=True)
        return found

    def state(self) -> dict[str, object]:
        world = self.world
        return {
            "public_url": world.public_url,
            "providers": {p.value: self._provider_state(p) for p in Provider},
            "personas": [asdict(persona) for persona in world.personas()],
            "sessions": [
                {"session": s.sid, "provider": s.provider, "persona": s.persona.key} for s in world.sessions.live()
            ],
            "requests": [asdict(entry) for entry in world.journal.entries()],
            "catalogue": {
                key: {
                    "says": f.says,
                    "stage": f.stage,
                    "outcome": f.outcome,
                    "providers": f.providers,
                }
                for key, f in CATALOGUE.items()
            },
        }

    def _provider_state(self, provider: Provider) -> dict[str, object]:
        active = self.world.active(provider)
        return {
            "issuer": self.world.issuer(provider),
            "client_id": self.world.client(provider).client_id,
            "redirect_uri": self.world.redirect_uri(provider),
            "fault": active.fault.key if active else None,
            "auto_persona": self.world.automatic_persona(provider),
            "counts": dict(self.world.journal.counts(provider)),
        }

    def _obeying(self, order: Callable[[Order], object]) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            is_json = request.header("content-type").partition(";")[0] == "application/json"
            try:
                result = order(json_object(request.body) if is_json else request.form)
            except (ValueError, KeyError, TypeError, AttributeError, ConfigRefused) as refusal:
                return json_answer({"error": f"{type(refusal).__name__}: {refusal}"}, 400)
            if not is_json:
                return redirect("/", 303)
            return json_answer({"result": result} | self.state())

        return answer

    def _set_fault(self, order: Order) -> None:
        """An empty order turns all faults off."""
        if not order:
            self.world.clear_faults()
            return
        self.world.set_fault(Provider(order["provider"]), order.get("fault") or None)

    def _set_automatic_persona(self, order: Order) -> None:
        key = order.get("persona") or None
        self.world.set_automatic_persona(Provider(order["provider"]), key)

    def _add_persona(self, order: Order) -> None:
        self.world.add_persona(Persona.from_json(order))

    def _rotate_keys(self, order: Order) -> str:
        return self.world.rotate_keys(
            Provider(order["provider"]),
            withdraw=order.get("withdraw") is True,
            keep_kid=order.get("keep_kid") is True,
        )

    def _end_session(self, order: Order) -> dict[str, object] | None:
        sent = end_session(self.world, order["session"])
        return asdict(sent) if sent else None

    def _set_product(self, order: Order) -> None:
        self.world.public_url = order["public_url"]


def json_object(body: bytes) -> Order:
    """Parse the body. Raise ValueError unless it is a JSON object."""
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("The body must be a JSON object.")  # noqa: TRY004 - one exception for callers
    return document
