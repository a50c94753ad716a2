"""The page about the architecture speaks of what is there."""

import re
import tomllib
from pathlib import Path

from tools import picture

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = re.compile(r"^#+ .*$", re.MULTILINE)
NAMED = re.compile(r"`([A-Za-z_/.]+(?:\.py|\.js|\.toml|/|Procfile))`")


def test_every_file_and_folder_that_the_page_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = NAMED.findall(text)
    assert len(named) > 60
    missing = [name for name in named if not there(name, text)]
    assert missing == []


def there(name: str, text: str) -> bool:
    """Whether a name is a path of the project, or of a folder that its section's title names."""
    if "/" not in name.rstrip("/"):
        folders = [
            folder
            for title in SECTION.findall(before(name, text))[-1:]
            for folder in re.findall(r"`([a-z_/]+/)`", title)
        ]
        apps = ["charter/", "ledger/", "chainsync/", "governance/", "tocsin/"]
        return any((ROOT / folder / name).exists() for folder in ["", *folders, *apps])
    return (ROOT / name).exists()


def before(name: str, text: str) -> str:
    """The page up to where a name first stands."""
    return text[: text.index(f"`{name}`")]


def test_every_floor_is_described() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps
    assert all(f"{app}/ " in text for app in apps)


def test_the_picture_is_that_of_the_imports() -> None:
    assert picture.PICTURE.read_text() == picture.drawn(), "run `make picture`"
    stack = picture.floors(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    level = {room: at for at, floor in enumerate(stack) for room in floor}
    known = picture.imports(list(level))
    assert len(known) > 10
    assert all(level[importing] < level[imported] for importing, imported in known)
