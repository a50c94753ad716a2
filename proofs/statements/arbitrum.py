"""From a block of an Arbitrum chain to what its rollup asserts on L1.

Sources: Arbitrum Nitro (what ArbOS writes into headers) and nitro-contracts: version 1 for nodes
(called classic here), version 3 for assertions (BoLD). All integers in hashes are big-endian.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ..chain import header as json_header
from ..chain import raw_header
from ..chain.answers import Fields, data, present, quantity
from ..chain.raw_header import Header
from ..inputs import fixed, unsigned
from ..keccak import keccak256
from ..refusals import CommitmentMismatch, NotArbitrum, OutOfRange, ValueMismatch


class MachineStatus(IntEnum):
    """How the machine that computed a state came to rest."""

    RUNNING = 0
    FINISHED = 1
    ERRORED = 2


class HeaderInfo(NamedTuple):
    """What ArbOS writes into a header.

    The root (32 bytes) and the number of all messages to L1 so far; the number of the L1 block that
    ``block.number`` showed; the version of ArbOS.
    """

    send_root: bytes
    send_count: int
    l1_block: int
    arbos_version: int


class GlobalState(NamedTuple):
    """What an assertion says was reached: a block with its send root, and how far in the inbox."""

    block_hash: bytes
    send_root: bytes
    inbox_position: int
    position_in_message: int


def header_info(header: Header) -> HeaderInfo:
    """What ArbOS wrote into a header. The last 8 bytes of its mix hash are covered by the block
    hash and not read here.

    Raises NotArbitrum where Nitro itself reads nothing, as in genesis blocks.
    """
    if not header.base_fee or header.difficulty != 1 or len(header.extra_data) != 32:
        raise NotArbitrum(
            f"The header of block {header.number} holds nothing of ArbOS.", number=header.number
        )
    numbers = [int.from_bytes(header.mix_hash[at : at + 8], "big") for at in (0, 8, 16)]
    return HeaderInfo(header.extra_data, *numbers)


def check_answer(fields: Fields) -> tuple[Header, HeaderInfo]:
    """The header in a node's answer to eth_getBlockByNumber, which must have the hash that it
    claims, and what ArbOS wrote into it.

    Where the answer has ``sendRoot``, ``sendCount`` or ``l1BlockNumber``, they must be the
    header's. Raises ValueMismatch, NotArbitrum, and as `header.check` and `raw_header.read`.
    """
    block_hash = json_header.check(fields)
    header = raw_header.read(json_header.encode(fields), block_hash)
    info = header_info(header)
    if present(fields, "sendRoot"):
        root = data(fields, "sendRoot", 32)
        _compare("sendRoot", f"0x{root.hex()}", f"0x{info.send_root.hex()}")
    for name, proven in (("sendCount", info.send_count), ("l1BlockNumber", info.l1_block)):
        if present(fields, name):
            _compare(name, quantity(fields, name), proven)
    return header, info


def confirm_data(block_hash: bytes, send_root: bytes) -> bytes:
    """What a classic node keeps of the block that it confirms. Raises NotBytes, WrongLength."""
    return keccak256(fixed("a block hash", block_hash, 32) + fixed("a send root", send_root, 32))


def global_state_hash(state: GlobalState) -> bytes:
    """The hash of a global state. Raises NotBytes, WrongLength, NotAnInteger, OutOfRange."""
    block_hash, send_root, inbox, position = _checked(state)
    return keccak256(
        b"Global state:"
        + block_hash
        + send_root
        + inbox.to_bytes(8, "big")
        + position.to_bytes(8, "big")
    )


def node_state_hash(state: GlobalState, inbox_max_count: int, status: MachineStatus) -> bytes:
    """The state hash of a classic node: the global state, the messages that the inbox had at that
    time, and the machine's status. Raises as `global_state_hash`."""
    count = unsigned("a number of messages", inbox_max_count)
    return keccak256(
        global_state_hash(state) + count.to_bytes(32, "big") + _status(status).to_bytes(1, "big")
    )


def assertion_state_hash(
    state: GlobalState, status: MachineStatus, end_history_root: bytes
) -> bytes:
    """The hash of the state that a BoLD assertion ends in. Raises as `global_state_hash`."""
    block_hash, send_root, inbox, position = _checked(state)
    return keccak256(
        block_hash
        + send_root
        + inbox.to_bytes(32, "big")
        + position.to_bytes(32, "big")
        + _status(status).to_bytes(32, "big")
        + fixed("a history root", end_history_root, 32)
    )


def assertion_hash(parent: bytes, state_hash: bytes, inbox_accumulator: bytes) -> bytes:
    """The name of a BoLD assertion: its parent's, the state that it ends in, and the inbox up to
    there. 32 bytes each. Raises NotBytes, WrongLength."""
    return keccak256(
        fixed("an assertion hash", parent, 32)
        + fixed("a state hash", state_hash, 32)
        + fixed("an accumulator", inbox_accumulator, 32)
    )


def check_global_state(state: GlobalState, header: Header) -> HeaderInfo:
    """What ArbOS wrote into a header, once an asserted state is found to be of that block.

    Raises CommitmentMismatch, NotArbitrum, and as `global_state_hash`.
    """
    block_hash, send_root, _, _ = _checked(state)
    info = header_info(header)
    for name, claimed, found in (
        ("block hash", block_hash, header.hash),
        ("send root", send_root, info.send_root),
    ):
        if claimed != found:
            raise CommitmentMismatch(
                f"The {name} of block {header.number} is 0x{found.hex()}, asserted is "
                f"0x{claimed.hex()}.",
                name=name,
                found=found,
                claimed=claimed,
            )
    return info


def _checked(state: GlobalState) -> tuple[bytes, bytes, int, int]:
    return (
        fixed("a block hash", state.block_hash, 32),
        fixed("a send root", state.send_root, 32),
        unsigned("a position in the inbox", state.inbox_position, 64),
        unsigned("a position in a message", state.position_in_message, 64),
    )


def _status(status: MachineStatus) -> int:
    value = unsigned("a machine's status", status, 8)
    if value not in set(MachineStatus):
        raise OutOfRange(f"A machine has no status {value}.", status=value)
    return value


def _compare(name: str, claimed: int | str, proven: int | str) -> None:
    if claimed != proven:
        raise ValueMismatch(
            f"{name} is answered as {claimed}, the header says {proven}.",
            name=name,
            claimed=claimed,
            proven=proven,
        )
