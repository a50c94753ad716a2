"""How many blocks to ask for at once: as many as come back soon and in a bearable size. Pure."""

from dataclasses import dataclass, replace

SMALLEST = 1
LARGEST = 100_000
FIRST = 16
# Nodes of providers give some 10,000 logs at most.
WANTED_LOGS = 8_000
WANTED_SECONDS = 1.0
FASTEST_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Blocks of the next request. `ceiling` failed last; None while nothing ever failed."""

    blocks: int = FIRST
    ceiling: int | None = None

    def after_success(self, blocks: int, logs: int, seconds: float) -> "Window":
        """The next window, after `blocks` blocks gave so many logs in so many seconds."""
        fullness = max(logs / WANTED_LOGS, seconds / WANTED_SECONDS, 1 / FASTEST_GROWTH)
        aim = min(max(int(blocks / fullness), SMALLEST), LARGEST)
        if blocks < self.blocks and fullness < 1:
            # A request cut short by the end of its range says nothing against the size before.
            aim = max(aim, self.blocks)
        if self.ceiling is None or aim < self.ceiling:
            return replace(self, blocks=aim)
        # Halfway to what failed, and no further once it is near; what failed may have been bad
        # luck, so the ceiling gives way a little each time.
        halfway = (self.blocks + self.ceiling) // 2
        if halfway - self.blocks > self.ceiling // 16:
            return replace(self, blocks=halfway)
        return replace(self, ceiling=min(self.ceiling + self.ceiling // 128 + 1, LARGEST + 1))

    def after_failure(self, blocks: int) -> "Window":
        """The next window, after a request for `blocks` blocks was refused or too large."""
        return Window(max(blocks // 2, SMALLEST), max(blocks, SMALLEST + 1))
