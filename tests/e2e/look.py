"""Looking at a page as it is now: both themes, phone and desk, pictures, axe, no side scroll."""

from pathlib import Path

from axe import violations
from playwright.sync_api import Page

PICTURES = Path(__file__).resolve().parent.parent.parent / "screenshots"
WIDTHS = {1280: 900, 360: 780}
NARROWEST = 320
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) return []
  return ["the page", ...[...document.querySelectorAll("body *")]
    .filter(e => e.getBoundingClientRect().right > width + 1)
    .slice(0, 5).map(e => `${e.tagName}.${e.className}`)]
}"""


def look(page: Page, name: str, *, whole: bool = True) -> list[str]:
    """Leave pictures in `screenshots/` of the checkout; what is wrong, one line each.

    `whole`: of the page to its end, else of the window, as a dialog covers it.
    """
    PICTURES.mkdir(exist_ok=True)
    before = page.viewport_size
    wrong = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate("document.fonts.ready.then(() => null)")
            path = PICTURES / f"{name}-{width}-{scheme}.png"
            # A hidden caret is a style on every input, which htmx would copy against the policy.
            page.screenshot(path=path, full_page=whole, animations="disabled", caret="initial")
            wrong += [f"{name}, {scheme}, {width} px: {each}" for each in violations(page)]
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    wrong += [f"{name}: wider than {NARROWEST} px: {each}" for each in page.evaluate(TOO_WIDE)]
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)
    return wrong
