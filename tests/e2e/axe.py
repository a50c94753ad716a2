"""Accessibility of a page by axe-core, from the pinned npm package."""

import functools
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@functools.cache
def _source() -> str:
    return FILE.read_text()


def violations(page: Page) -> list[str]:
    """What axe finds wrong, one line a rule with the places; empty when all is well."""
    page.evaluate(_source())
    found: dict[str, Any] = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'], preload: false })"
    )
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        + "; ".join(_place(node) for node in rule["nodes"][:4])
        for rule in found["violations"]
    ]


def _place(node: dict[str, Any]) -> str:
    facts = [check["message"] for check in (*node["any"], *node["all"], *node["none"])]
    return f"{' '.join(map(str, node['target']))} [{facts[0] if facts else ''}]"
