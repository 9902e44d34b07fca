"""Chromium as this machine has it, and what it is started with, for tests and photographs alike."""

import os
import shutil
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {360: 640, 768: 1024, 1280: 800}  # a telephone, a tablet, a desk: width and height in CSS pixels

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def find() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def find_or_skip() -> str:
    """Return the program; without it a test is skipped, and fails where the environment promises one (``CI``)."""
    program = find()
    if program:
        return program
    reason = f"no Chromium here: none of {', '.join(NAMES)} is on the PATH"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def launch(playwright: Playwright, program: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=QUIETLY)


def photograph(page: Page, folder: Path, name: str) -> None:
    """Take a page as ``<name>-<light|dark>-<width>.png`` at every width, down to its end."""
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True, animations="disabled")
