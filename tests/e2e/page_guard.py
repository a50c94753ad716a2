"""What goes wrong inside a page while nobody looks: console errors, exceptions, failed requests."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, Request, Response

# The second is about time: a busy machine paints late with a font that it fetched early.
_TOLD_OTHERWISE = ("Failed to load resource", "not used within a few seconds")


@dataclass
class Guard:
    """Collects complaints of the pages it watches; `excused` are parts of expected ones."""

    complaints: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def check(self) -> None:
        """Fail with everything that was not excused."""
        left = [c for c in self.complaints if not any(part in c for part in self.excused)]
        assert not left, "the pages complained:\n" + "\n".join(left)

    def _heard(self, message: ConsoleMessage) -> None:
        # A policy violation is a console error as well; a failed load is told by its response.
        told = any(part in message.text for part in _TOLD_OTHERWISE)
        if message.type in ("error", "warning") and not told:
            where = message.location.get("url", "")
            self.complaints.append(f"console {message.type}: {message.text} ({where})")

    def _failed(self, request: Request) -> None:
        # Leaving a page cuts off its event stream and what it was just fetching.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.complaints.append(f"request failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"status {response.status}: {response.url}")
