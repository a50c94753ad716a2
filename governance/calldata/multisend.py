"""Safe's MultiSend: many calls packed into one. Pure."""

from governance import wording
from governance.calldata.describing import Described, Occasion, Subcall, described

ADDRESSES = tuple(
    bytes.fromhex(address)
    for address in (
        "A238CBeb142c10Ef7Ad8442C6D1f9E89e07e7761",  # MultiSend 1.3.0
        "998739BFdAAdde7C933B942a68053933098f9EDa",  # MultiSend 1.3.0, EIP-155
        "40A2aCCbd92BCA938b02010E17A5b8929b49130D",  # MultiSendCallOnly 1.3.0
        "A1dabEF33b3B82c7814B6D82A79e50F4AC44102B",  # MultiSendCallOnly 1.3.0, EIP-155
        "38869bf66a61cF6bDB996A6aE40D5853Fd43B526",  # MultiSend 1.4.1
        "9641d764fc13c8B624c04430C7356C1C7C8102e2",  # MultiSendCallOnly 1.4.1
    )
)
"""Where these contracts lie on every chain that has them."""

_HEAD = 85
"""Bytes before each call's data: operation (1), target (20), value (32), length (32)."""


def unpack(transactions: bytes) -> list[Subcall] | None:
    """The packed calls, None where the bytes do not hold a whole number of them."""
    calls = []
    at = 0
    while at < len(transactions):
        head = transactions[at : at + _HEAD]
        if len(head) < _HEAD:
            return None
        length = int.from_bytes(head[53:85], "big")
        end = at + _HEAD + length
        if head[0] > 1 or end > len(transactions):
            return None
        calls.append(
            Subcall(
                head[1:21],
                int.from_bytes(head[21:53], "big"),
                transactions[at + _HEAD : end],
                delegated=head[0] == 1,
            )
        )
        at = end
    return calls


def _say(at: Occasion) -> str:
    calls = unpack(at["transactions"])
    if calls is None:
        return "Make several calls, which are not packed as they should be: this will fail."
    return f"Make {wording.whole(len(calls))} call{'' if len(calls) == 1 else 's'}, all or none."


FUNCTIONS: tuple[Described, ...] = (
    described("multiSend(bytes transactions)", _say, lambda at: unpack(at["transactions"]) or []),
)
