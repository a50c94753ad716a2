"""`make picture`: which room imports which, drawn on their floors, from the imports themselves.

Floors are those that `make check` holds (`pyproject.toml`). An arrow leads from a room to one that
it imports; none climbs.
"""

import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "imports.svg"
WIDTH, HEIGHT = 140, 92
ACROSS, DOWN, MARGIN = 168, 124, 20

_STYLE = """
  text { font: 13px Inter, system-ui, sans-serif; fill: #1b1f27 }
  .room { font-weight: 600; font-size: 15px } .few { font-size: 11px; fill: #4c5361 }
  rect { fill: #f3f1eb; stroke: #c9c3b4 } rect.apart { stroke-dasharray: 4 3; fill: none }
  path { fill: none; stroke: #8a5a16; stroke-width: 1.4 }
  marker path { fill: #8a5a16; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #edeae3 } .few { fill: #b7bcc6 } rect { fill: #1a1e26; stroke: #474f5e }
    path { stroke: #e0ab5c } marker path { fill: #e0ab5c }
  }
"""


_HEAD = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
)


class Box(NamedTuple):
    """A room, with the left upper corner at which it is drawn."""

    room: str
    x: int
    y: int


def floors(settings: dict[str, object]) -> list[list[str]]:
    """Rooms by floor, the highest first, without those that are not built yet."""
    tool = settings["tool"]
    assert isinstance(tool, dict)
    contract = next(one for one in tool["importlinter"]["contracts"] if one["type"] == "layers")
    named = [[room.strip("() ") for room in layer.split("|")] for layer in contract["layers"]]
    there = [[room for room in floor if (ROOT / room).is_dir()] for floor in named]
    return [floor for floor in there if floor]


def imports(rooms: list[str]) -> set[tuple[str, str]]:
    """Pairs of rooms of which the first imports the second."""
    graph = grimp.build_graph(*rooms)
    return {
        (importing, imported)
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
        if (importing := module.split(".")[0]) != (imported := other.split(".")[0])
    }


def draw(settings: dict[str, object]) -> str:
    """The picture as SVG."""
    tool = settings["tool"]
    assert isinstance(tool, dict)
    rooms: list[str] = tool["importlinter"]["root_packages"]
    stack = floors(settings)
    boxes: list[Box] = []
    for level, floor in enumerate(stack):
        for room in floor:
            boxes.append(Box(room, MARGIN + ACROSS * len(boxes), MARGIN + DOWN * level))
    known = imports(rooms)
    below = MARGIN + DOWN * len(stack)
    apart = [room for room in rooms if room not in {box.room for box in boxes}]
    aside = [Box(room, MARGIN + ACROSS * at, below + 16) for at, room in enumerate(apart)]
    width, height = 2 * MARGIN + ACROSS * len(boxes) - 28, below + 16 + HEIGHT + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>Rooms on their floors, and which imports which</title>",
        f"<style>{_STYLE}</style>",
        _HEAD,
        *_arrows(boxes, known),
        *[line for box in boxes for line in _box(box, "")],
        *[line for box in aside for line in _box(box, "apart")],
        *[_reach(box, known) for box in aside],
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _arrows(boxes: list[Box], known: set[tuple[str, str]]) -> list[str]:
    """From the right side of a room along its floor, and down to the top of the room imported."""
    lines = []
    for number, box in enumerate(boxes):
        for at, below in enumerate(boxes[number + 1 :]):
            if (box.room, below.room) in known:
                y, x = box.y + 14 + 15 * at, below.x + 18 + 30 * number
                way = f"M{box.x + WIDTH} {y}H{x}V{below.y - 1}"
                lines.append(f'<path d="{way}" marker-end="url(#end)"/>')
    return lines


def _box(box: Box, kind: str) -> list[str]:
    """A room with the packages in it, two a line."""
    inside = sorted(
        path.name
        for path in (ROOT / box.room).iterdir()
        if (path / "__init__.py").is_file() and path.name not in {"migrations", "management"}
    )
    lines = [
        f'<rect class="{kind}" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="room" x="{box.x + 10}" y="{box.y + 22}">{box.room}</text>',
    ]
    rows = [", ".join(inside[at : at + 2]) for at in range(0, len(inside), 2)]
    if len(rows) > 4:
        rows = [*rows[:3], f"and {len(inside) - 6} more"]
    lines += [
        f'<text class="few" x="{box.x + 10}" y="{box.y + 38 + 14 * at}">{row}</text>'
        for at, row in enumerate(rows)
    ]
    return lines


def _reach(box: Box, known: set[tuple[str, str]]) -> str:
    found = sorted(imported for room, imported in known if room == box.room)
    words = f"{len(found)} rooms" if len(found) > 1 else "".join(found) or "none"
    return f'<text class="few" x="{box.x + 10}" y="{box.y + HEIGHT - 8}">imports {words}</text>'


def drawn() -> str:
    """The picture of the checkout as it is."""
    return draw(tomllib.loads((ROOT / "pyproject.toml").read_text()))


def main() -> int:
    """Draw it anew."""
    PICTURE.write_text(drawn())
    print(f"Drawn: {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
