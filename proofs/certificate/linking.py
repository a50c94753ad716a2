"""Headers linked to the anchor: by parent hashes, or by hops through the history contract.

Source of the hops: EIP-2935. The contract keeps the hash of block n in slot n modulo 8191, for the
8191 blocks before the one whose state is asked.
"""

from __future__ import annotations

from typing import NamedTuple

from ..chain import rlp
from ..keccak import keccak256
from ..refusals import NotRlp
from . import proving
from .refusals import BrokenLink, Disordered, MalformedCertificate, PartRefused, UnusedWitness
from .witnesses import History

HISTORY_CONTRACT = bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935")
HISTORY_WINDOW = 8191
_LEAST_FIELDS = 15


class Block(NamedTuple):
    """What a header says. ``timestamp`` in seconds since 1970 UTC."""

    hash: bytes
    parent_hash: bytes
    state_root: bytes
    receipts_root: bytes
    number: int
    timestamp: int


def read_header(item: str, place: str, raw: bytes) -> Block:
    """The block of a header's RLP; fields beyond those known are covered by the hash alone.

    Raises PartRefused, MalformedCertificate.
    """
    try:
        fields = rlp.decode(raw)
    except NotRlp as refusal:
        raise PartRefused(item, place, refusal) from refusal
    if isinstance(fields, bytes) or len(fields) < _LEAST_FIELDS:
        raise MalformedCertificate(item, place, "it is no header.")
    parent, state, receipts = (_word(item, place, fields[at]) for at in (0, 3, 5))
    number, timestamp = (_number(item, place, fields[at]) for at in (8, 11))
    return Block(keccak256(raw), parent, state, receipts, number, timestamp)


class Links:
    """The blocks that are proven ancestors of the anchor, the anchor among them.

    Every header comes after what links it, in descending order of its number.
    """

    def __init__(self, anchor: Block, zeros: proving.Zeros) -> None:
        self._zeros = zeros
        self.blocks = {anchor.number: anchor}
        # By number: the hash that a block must have, and the number of the block that says so.
        self._expected = {anchor.number - 1: (anchor.parent_hash, anchor.number)}
        self._lowest = anchor.number
        self._linking: set[int] = set()

    def add(self, item: str, place: str, raw: bytes) -> None:
        """Take in a header. Raises BrokenLink, Disordered, and as ``read_header``."""
        block = read_header(item, place, raw)
        place = f"block {block.number}"
        if block.number >= self._lowest:
            raise Disordered(item, place, "headers do not descend, or one is there twice.")
        self._lowest = block.number
        expected = self._expected.pop(block.number, None)
        if expected is None:
            raise BrokenLink(item, place, "nothing links it to the anchor.")
        found, source = expected
        if block.hash != found:
            raise BrokenLink(
                item,
                place,
                f"it hashes to 0x{block.hash.hex()}, not to 0x{found.hex()}, as block {source} "
                "says.",
                found=block.hash,
                expected=found,
            )
        self._linking.add(source)
        self.blocks[block.number] = block
        self._expected.setdefault(block.number - 1, (block.parent_hash, block.number))

    def hop(self, item: str, history: History) -> None:
        """Take in proven hashes of earlier blocks. Raises BrokenLink, PartRefused."""
        base = self.blocks.get(history.under)
        if base is None:
            raise BrokenLink(item, f"block {history.under}", "it is not linked itself.")
        (account,) = proving.accounts(
            item, base.state_root, [HISTORY_CONTRACT], history.account_nodes
        )
        for number in history.numbers:
            if not base.number - HISTORY_WINDOW <= number < min(base.number, self._lowest):
                raise BrokenLink(
                    item, f"block {number}", f"block {base.number} does not keep its hash, or late."
                )
        slots = {number % HISTORY_WINDOW: number for number in history.numbers}
        words = proving.words(
            item, account.storage_root, list(slots), history.storage_nodes, self._zeros
        )
        for slot, number in slots.items():
            if self._expected.setdefault(number, (words[slot], base.number))[0] != words[slot]:
                raise BrokenLink(item, f"block {number}", "two blocks give it different hashes.")

    def check_all_used(self, item: str, voted: set[int]) -> None:
        """Refuse headers that neither hold a vote nor link another, and hashes of no header.

        ``voted`` are the blocks that hold votes. Raises UnusedWitness.
        """
        anchor = max(self.blocks)
        for number in self.blocks:
            if number != anchor and number not in voted and number not in self._linking:
                raise UnusedWitness(item, f"block {number}", "its header is of no use.")
        for number, (_, source) in self._expected.items():
            if number != source - 1:
                raise UnusedWitness(item, f"block {number}", "its hash is of no use.")


def _word(item: str, place: str, field: rlp.Item) -> bytes:
    if not isinstance(field, bytes) or len(field) != 32:
        raise MalformedCertificate(item, place, "a hash or root in it is not 32 bytes long.")
    return field


def _number(item: str, place: str, field: rlp.Item) -> int:
    if not isinstance(field, bytes) or len(field) > 8 or field[:1] == b"\0":
        raise MalformedCertificate(item, place, "a number in it is none of up to 64 bits.")
    return int.from_bytes(field, "big")
