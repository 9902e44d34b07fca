"""Create a superuser and a session in a target's environment, and print the cookie. Passwords are not measured."""

import os
import sys
import time
from importlib import import_module

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings  # noqa: PLC0415  # they need the line above
    from django.contrib import auth  # noqa: PLC0415

    manager = auth.get_user_model()._default_manager  # noqa: SLF001  # any user model
    person = manager.create_superuser(username="bench", password="")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[auth.SESSION_KEY] = str(person.pk)
    session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[auth.HASH_SESSION_KEY] = person.get_session_auth_hash()
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
    session["account_authentication_methods_user"] = str(person.pk)
    if hasattr(session, "begin"):  # our store, which opens no session without a person
        session.begin(person, {})
    session.save()
    sys.stdout.write(f"{settings.SESSION_COOKIE_NAME}={session.session_key}\n")


if __name__ == "__main__":
    main()
