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
    named = list(NAMED.finditer(text))
    assert len(named) > 60
    missing = [one[1] for one in named if not there(one[1], places(text, one.start()))]
    assert missing == []


def there(name: str, folders: list[str]) -> bool:
    """Whether a name is a path of the project, or, without a folder, one below these."""
    if "/" in name.rstrip("/"):
        return (ROOT / name).exists()
    apps = ["charter/", "ledger/", "chainsync/", "governance/", "tocsin/"]
    return any((ROOT / folder / name).exists() for folder in ["", *folders, *apps])


def places(text: str, at: int) -> list[str]:
    """Folders named by the title of the section around a place, and by the head of its row."""
    title = SECTION.findall(text[:at])[-1:]
    row = text[text.rindex("\n", 0, at) + 1 : at].split("|")[1:2]
    return [
        folder
        for words in (*title, *row)
        for folder in re.findall(r"`([a-z_/]+/)(?:[a-z_]+\.py)?`", words)
    ]


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
