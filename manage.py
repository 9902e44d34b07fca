#!/usr/bin/env python
"""Vestibule's command line. ``manage.py help`` lists the commands."""

import os
import sys

from django.core.management import execute_from_command_line

from audit.context import Actor, ActorKind, acting
from config import disk_errors

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = next(iter(sys.argv[1:]), "help")[:200]
    try:
        with acting(actor=Actor(ActorKind.COMMAND, command if command.isprintable() else "?")):
            execute_from_command_line(sys.argv)
    except OSError as failed:
        if failed.errno not in {*disk_errors.FULL, *disk_errors.CLOSED} or "--traceback" in sys.argv:
            raise
        sys.exit(f"manage.py {command}: {disk_errors.sentence(failed, 'the place it writes to')}")
