"""Checkpoints: signed statements of the newest seal. Kept elsewhere, they show if the end of the trail was cut off."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from audit.sealing.keys import KeyUnknown, NotAuthentic, checked, signed
from audit.sealing.seals import format_time, last_seal


class CheckpointRefused(Exception):
    """A checkpoint cannot be made, or it is not one of ours; the text says why."""


def make() -> str:
    """Return a checkpoint of the newest seal as a line of JSON. Raises CheckpointRefused."""
    last = last_seal()
    if last is None:
        raise CheckpointRefused("nothing is sealed yet")
    values = {
        "checkpoint": 1,
        "at": format_time(timezone.now()),
        "number": last["seal"],
        "sealed_at": last["sealed_at"],
        "last_id": last["last_id"],
        "seal_mac": last["mac"],
    }
    return json.dumps(signed("checkpoint", values))


def read(text: str) -> Mapping[str, Any]:
    """Parse and verify a checkpoint. Raises CheckpointRefused."""
    try:
        values = json.loads(text)
        checked("checkpoint", values)
    except (KeyUnknown, NotAuthentic):
        raise CheckpointRefused("the checkpoint was not signed with one of our keys") from None
    except (ValueError, AttributeError):
        raise CheckpointRefused("this is not a checkpoint") from None
    found: Mapping[str, Any] = values
    return found
