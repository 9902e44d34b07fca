"""Recovery codes: ten codes for people who have lost their phone, each shown once and usable once."""

import secrets

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.models import User
from audit.context import Actor, ActorKind, acting
from foundation.encryption import fingerprint, fingerprints

COUNT = 10
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # no characters that look alike
LENGTH = 10  # characters: 49 bits, and guesses are throttled
PURPOSE = "recovery"


def make(user: User) -> list[str]:
    """Make new codes, replacing the old ones. Only their fingerprints are stored."""
    made = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(COUNT)]
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # concurrent calls would each create a row
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.RECOVERY_CODES,
            data={"left": [fingerprint(word, owner=user.pk, purpose=PURPOSE) for word in made]},
        )
    return [f"{word[:5]}-{word[5:]}" for word in made]


def use_code(row: Authenticator, code: str) -> bool:
    """Use up a code, and return whether it was right and unused. Of two concurrent uses, one succeeds.

    Codes made under a former SECRET_KEY work as long as it is one of the fallbacks. Their fingerprints cannot be
    renewed, because we do not know the codes until their owner uses them.
    """
    word = "".join(letter for letter in code.lower() if letter in LETTERS)
    known = fingerprints(word, owner=row.user_id, purpose=PURPOSE)
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
        left = held.data["left"] if held else []
        if held is None or not set(known) & set(left):
            return False
        held.data["left"] = [one for one in left if one not in known]
        with acting(actor=Actor(ActorKind.PERSON, str(row.user_id))):  # the code authenticates the person
            held.save(update_fields=["data"])
    return True
