"""Write every page in every state to a folder, to be looked at: `python -m tests.pages.gallery OUTDIR [--photograph]`.

The pages open from the disk; with `--photograph` Chromium takes each at three widths, by day and by night.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import django
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.html import format_html, format_html_join
from playwright.sync_api import sync_playwright

from config.variables import CHECKOUT

# Pages are made without any server: what Django wants to be told is made up here, before the samples import its models.
MADE_UP = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "MODE": "development",
    "SECRET_KEY": "looking-at-pages-needs-no-secret-that-would-be-worth-keeping",
    "DATABASE_URL": "postgresql://nobody@/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


os.environ.update(MADE_UP)
django.setup()

from tests.browser import chromium  # noqa: E402  # they need the lines above
from tests.pages.samples import State, states  # noqa: E402


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--photograph", action="store_true")
    arguments.add_argument("--only", default="", help="states whose name contains this")
    told = arguments.parse_args()
    shown = [state for state in states() if told.only in state.name]
    write(shown, told.folder)
    if told.photograph:
        take_photographs(shown, told.folder)


def write(shown: list[State], folder: Path) -> None:
    """Write the pages, what they load, and an index of them."""
    shutil.copytree(CHECKOUT / "static", folder / "static", dirs_exist_ok=True)
    for state in shown:
        request = RequestFactory().get("/")
        page = render_to_string(state.template, dict(state.context), request)
        (folder / f"{state.name}.html").write_text(page.replace('="/static/', '="static/'), encoding="utf-8")
    links = format_html_join("", '<li><a href="{0}.html">{0}</a></li>', ([state.name] for state in shown))
    (folder / "index.html").write_text(format_html("<!doctype html><ul>{}</ul>", links), encoding="utf-8")


def take_photographs(shown: list[State], folder: Path) -> None:
    program = chromium.find()
    if program is None:
        sys.exit(f"No Chromium here: none of {', '.join(chromium.NAMES)} is on the PATH.")
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, program)
        page = browser.new_page()
        for state in shown:
            page.goto((folder / f"{state.name}.html").resolve().as_uri())
            chromium.photograph(page, folder, state.name)
        browser.close()


if __name__ == "__main__":
    main()
