"""Recovery codes: ten words for the day when the telephone is lost, each good for one use and shown once."""

import secrets

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.models import User
from audit.context import Actor, ActorKind, acting
from foundation.encryption import fingerprint, fingerprints

COUNT = 10
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else
LENGTH = 10  # letters: 49 bits, behind the brake
PURPOSE = "recovery"


def make(user: User) -> list[str]:
    """Make new ones in place of the old. Only fingerprints of them are stored."""
    made = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(COUNT)]
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two at once would both make a row
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.RECOVERY_CODES,
            data={"left": [fingerprint(word, owner=user.pk, purpose=PURPOSE) for word in made]},
        )
    return [f"{word[:5]}-{word[5:]}" for word in made]


def use_code(row: Authenticator, code: str) -> bool:
    """Whether a code is one of these and has not been used; of two uses at once one wins.

    Those that were made under a former SECRET_KEY count while it is one of the fallbacks. They cannot come under the
    newest: the codes are known to nobody but their owner, who brings one only to use it up.
    """
    word = "".join(letter for letter in code.lower() if letter in LETTERS)
    known = fingerprints(word, owner=row.user_id, purpose=PURPOSE)
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
        left = held.data["left"] if held else []
        if held is None or not set(known) & set(left):
            return False
        held.data["left"] = [one for one in left if one not in known]
        with acting(actor=Actor(ActorKind.PERSON, str(row.user_id))):  # who has shown a code is who they are
            held.save(update_fields=["data"])
    return True
