"""One exchange with an endpoint over HTTP, whatever it speaks: its failures in our words.

Bounded like everything of `ledger/outgoing.py`, and asked once more where a kept connection broke.
"""

import time
from collections.abc import Callable

from chainsync.endpoint.failures import RateLimited, ReplyTooLarge, Timeout, Unreachable
from ledger import outgoing

_LONGEST_REST = 300.0


def exchange(
    name: str, ask: Callable[[float], outgoing.Reply], *, seconds: float
) -> outgoing.Reply:
    """The reply of endpoint `name`; `ask` is given the seconds that it may take.

    Raises Unreachable, Timeout, ReplyTooLarge, and RateLimited for a reply that says so.
    """
    deadline = time.monotonic() + seconds
    for attempt in (1, 2):
        try:
            reply = ask(max(deadline - time.monotonic(), 0.05))
        except outgoing.BrokeOff as error:
            # A kept connection that the node closed meanwhile: all that we ask only reads, so one
            # more attempt is harmless.
            if attempt == 2:
                raise Unreachable(name, str(error)) from None
        except outgoing.TookTooLong as error:
            raise Timeout(name, str(error)) from None
        except outgoing.TooLarge as error:
            raise ReplyTooLarge(name, str(error)) from None
        except outgoing.OutgoingFailure as error:
            raise Unreachable(name, str(error)) from None
        else:
            if reply.status == 429:
                words = "asks us to slow down (HTTP 429)."
                raise limited(name, words, reply.headers.get("retry-after"))
            return reply
    raise AssertionError("unreachable: the second attempt returns or raises")


def limited(name: str, message: str, retry_after: str | None = None) -> RateLimited:
    """The failure of an endpoint that wants to be asked less, at rest for as long as it says."""
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else 1.0
    return RateLimited(name, message, min(seconds, _LONGEST_REST))
