"""Checkpoints: what was sealed up to where, to be kept elsewhere, so that a cut-off end is found against it."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from audit.sealing.keys import KeyUnknown, NotAuthentic, checked, signed
from audit.sealing.seals import format_time, last_seal


class CheckpointRefused(Exception):
    """A checkpoint cannot be made, or is none of ours, for the reason given."""


def make() -> str:
    """Return a line of JSON that tells of the newest seal. Raises CheckpointRefused."""
    last = last_seal()
    if last is None:
        raise CheckpointRefused("nothing is sealed yet")
    told = {
        "checkpoint": 1,
        "at": format_time(timezone.now()),
        "number": last["seal"],
        "sealed_at": last["sealed_at"],
        "last_id": last["last_id"],
        "seal_mac": last["mac"],
    }
    return json.dumps(signed("checkpoint", told))


def read(text: str) -> Mapping[str, Any]:
    """Raises CheckpointRefused."""
    try:
        told = json.loads(text)
        checked("checkpoint", told)
    except (KeyUnknown, NotAuthentic):
        raise CheckpointRefused("the checkpoint was not made by our keys") from None
    except (ValueError, AttributeError):
        raise CheckpointRefused("this is no checkpoint") from None
    found: Mapping[str, Any] = told
    return found
