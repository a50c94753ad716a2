"""What is to be done whenever a new head is journalled.

States of proposals change with the clock alone, without any log; who keeps such states registers
here. Callbacks run inside the transaction that journals the head, after folding: they read no
network, and what they raise undoes the whole step.
"""

from collections.abc import Callable

from chainsync.models import Block
from charter.models import Chain

OnHead = Callable[[Chain, Block], None]

_callbacks: list[OnHead] = []


def on_head(callback: OnHead) -> OnHead:
    """Register `callback(chain, head)`; usable as a decorator. A callback is registered once."""
    if callback not in _callbacks:
        _callbacks.append(callback)
    return callback


def forget(callback: OnHead) -> None:
    """Take a callback out again."""
    if callback in _callbacks:
        _callbacks.remove(callback)


def announce(chain: Chain, head: Block) -> None:
    """Call everything that is registered, in the order of registration."""
    for callback in tuple(_callbacks):
        callback(chain, head)
