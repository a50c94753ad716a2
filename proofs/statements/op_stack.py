"""From a block of an OP Stack chain to its output root, which is what stands on L1.

Sources: the OP Stack's specification of output roots (version 0) and of the Isthmus fork, since
which the header's withdrawals root is the storage root of the message passer. A header is of
Isthmus or later when it has a requests hash, which that fork brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..chain.account import account
from ..chain.raw_header import Header
from ..inputs import fixed
from ..keccak import keccak256
from ..refusals import CommitmentMismatch, UnprovenRoot, ValueMismatch

MESSAGE_PASSER = bytes.fromhex("4200000000000000000000000000000000000016")
"""The predeploy whose storage holds what left the L2 for L1."""

_VERSION = bytes(32)


class Output(NamedTuple):
    """The output root of one block and what it is made of, 32 bytes each."""

    root: bytes
    number: int
    block_hash: bytes
    state_root: bytes
    message_passer_root: bytes


def output_root(state_root: bytes, message_passer_root: bytes, block_hash: bytes) -> bytes:
    """The output root, version 0, of these three. Raises NotBytes, WrongLength."""
    return keccak256(
        _VERSION
        + fixed("a state root", state_root, 32)
        + fixed("a storage root", message_passer_root, 32)
        + fixed("a block hash", block_hash, 32)
    )


def output(header: Header, passer_nodes: Sequence[bytes] | None = None) -> Output:
    """The output root of a block.

    ``passer_nodes`` prove the account of the message passer under the header's state root, as
    ``accountProof`` has them; from Isthmus on they may be left out, and if given must agree with
    the header. Raises UnprovenRoot, ValueMismatch, and as `account.account`.
    """
    found = None
    if header.requests_hash is not None:
        found = header.withdrawals_root
    if passer_nodes is not None:
        proven = _proven_root(header.state_root, passer_nodes)
        if found is not None and found != proven:
            raise ValueMismatch(
                f"The header says that the message passer has the root 0x{found.hex()}, its state "
                f"that it has 0x{proven.hex()}.",
                name="withdrawalsRoot",
                claimed=found,
                proven=proven,
            )
        found = proven
    if found is None:
        raise UnprovenRoot(
            f"Block {header.number} is older than Isthmus: the root of the message passer must be "
            "proven under its state root.",
            number=header.number,
        )
    root = output_root(header.state_root, found, header.hash)
    return Output(root, header.number, header.hash, header.state_root, found)


def check_output(
    claimed: bytes, header: Header, passer_nodes: Sequence[bytes] | None = None
) -> Output:
    """The output of a block, once ``claimed``, as on L1, is found to be its root.

    Raises CommitmentMismatch, and as `output`.
    """
    found = output(header, passer_nodes)
    if fixed("an output root", claimed, 32) != found.root:
        raise CommitmentMismatch(
            f"The output root of block {header.number} is 0x{found.root.hex()}, not "
            f"0x{claimed.hex()}.",
            found=found.root,
            claimed=claimed,
        )
    return found


def _proven_root(state_root: bytes, nodes: Sequence[bytes]) -> bytes:
    passer = account(state_root, MESSAGE_PASSER, nodes)
    if passer is None:
        raise UnprovenRoot("The state has no message passer: this is no chain of the OP Stack.")
    return passer.storage_root
