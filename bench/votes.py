"""Many `VoteCast` logs on a node, quickly: a few lines of EVM code that emit them by the hundred.

The logs are those of a Governor, byte for byte; only who sends them is simpler, so that a hundred
thousand voters need no accounts and no signatures.
"""

from __future__ import annotations

from typing import NamedTuple

from eth_abi.abi import encode

from lab.anvil import Anvil
from lab.rpc import Rpc
from proofs.keccak import keccak256

GOVERNOR = "0x" + "60" * 20
SENDER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
PER_TRANSACTION = 250
PER_BLOCK = 1_000
# More than the node holds back from `finalized`.
BLOCKS_ON_TOP = 80
PROPOSAL = 2**200 + 7
PROPOSED = (
    "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)"
)
VOTED = "VoteCast(address,uint256,uint8,uint256,string)"

# LOG1: the first word of the calldata is the topic, the rest is the data.
_SAY = "0x366000600037600051602036036020a100"
# Calldata: topic, first number, count, data. Emits one LOG2 a number; the second topic is an
# address made of the number by multiplication with an odd constant.
_FACTOR = keccak256(b"voters").hex()[:-1] + "1"
_VOTE = (
    "0x366060900380606060003760203 5".replace(" ", "")
    + "5b80" + "7f" + _FACTOR + "0260601c" + "600035" + "83" + "6000a2"
    + "600101" + "80" + "602035" + "604035" + "01" + "11" + "600e57" + "00"
)  # fmt: skip


class Scene(NamedTuple):
    """Where the votes are: blocks `first` to `last`, and how many."""

    first: int
    last: int
    votes: int


def cast(node: Anvil, votes: int, per_block: int = PER_BLOCK) -> Scene:
    """Emit a proposal and then so many votes on it, a third of them with a reason."""
    each = min(PER_TRANSACTION, per_block)
    rpc = node.rpc
    rpc.call("anvil_setCode", GOVERNOR, _SAY)
    proposal = encode(
        PROPOSED.removeprefix("ProposalCreated(").removesuffix(")").split(","),
        [PROPOSAL, SENDER, [GOVERNOR], [0], [""], [b""], 1, 2**40, "# A large vote"],
    )
    _send(rpc, keccak256(PROPOSED.encode()) + proposal)
    rpc.call("evm_mine")
    first = _head(rpc)
    rpc.call("anvil_setCode", GOVERNOR, _VOTE)
    done = number = 0
    while done < votes:
        count = min(each, votes - done)
        _send(rpc, _votes(number, done, count))
        done += count
        number += 1
        if done % per_block == 0:
            rpc.call("evm_mine")
    rpc.call("evm_mine")
    last = _head(rpc)
    rpc.call("anvil_mine", hex(BLOCKS_ON_TOP))
    return Scene(first, last, votes)


def _votes(number: int, start: int, count: int) -> bytes:
    reason = f"I looked at it closely, and this is my reason, number {number}." * (number % 3 == 0)
    body = encode(
        ["uint256", "uint8", "uint256", "string"],
        [PROPOSAL, number % 3, 10**18 * (number + 1) + 12345, reason],
    )
    head = b"".join(word.to_bytes(32, "big") for word in (start, count))
    return keccak256(VOTED.encode()) + head + body


def _send(rpc: Rpc, data: bytes) -> None:
    rpc.call(
        "eth_sendTransaction",
        {"from": SENDER, "to": GOVERNOR, "data": "0x" + data.hex(), "gas": hex(30_000_000)},
    )


def _head(rpc: Rpc) -> int:
    return int(rpc.call("eth_blockNumber"), 16)
