"""Blocks that were never on a node: branches with votes in them, as endpoints would give them."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode

from bench.votes import VOTED
from proofs.keccak import keccak256

DEPTH = 64
"""Blocks of a branch, unless told otherwise."""


class Branches:
    """Makes one branch of blocks after another on top of block `base`, each with its own hashes.

    The votes of all branches are the same ones, on the proposal with this number.
    """

    def __init__(self, base: int, proposal: int) -> None:
        self.base = base
        self.proposal = proposal
        self.serial = 0

    def step(self, votes: int, *, fork: int | None, depth: int = DEPTH) -> Any:
        """A step of `depth` blocks with so many votes, of which `fork` says what it replaces."""
        from bench import grown
        from chainsync.advancing import Finality, Step
        from chainsync.endpoint.fetching import FetchedBlock
        from chainsync.endpoint.wire import Header
        from chainsync.models import Block

        self.serial += 1
        base = Block.objects.get(number=self.base, canonical=True)
        parent = bytes.fromhex(base.hash[2:])
        blocks = []
        for offset in range(depth):
            number = self.base + 1 + offset
            block_hash = keccak256(b"branch %d block %d" % (self.serial, number))
            logs = [
                self._log(number, block_hash, index, serial)
                for index, serial in enumerate(range(offset, votes, depth))
            ]
            header = Header(
                number,
                block_hash,
                parent,
                base.timestamp + grown.BLOCK_TIME * (offset + 1),
                {"number": hex(number), "hash": "0x" + block_hash.hex()},
            )
            receipts = [_receipt(log) for log in logs] if logs else None
            blocks.append(FetchedBlock(header, logs, receipts))
            parent = block_hash
        return Step(blocks=blocks, operator="Northwind", finality=Finality(), fork=fork)

    def _log(self, number: int, block_hash: bytes, index: int, serial: int) -> Any:
        from bench import grown
        from chainsync.endpoint.wire import FetchedLog

        return FetchedLog(
            number,
            block_hash,
            keccak256(b"late vote %d" % serial),
            index,
            index,
            bytes.fromhex(grown.ADDRESSES["governor"][2:]),
            (keccak256(VOTED.encode()), keccak256(b"late voter %d" % serial)[12:].rjust(32, b"\0")),
            encode(
                ["uint256", "uint8", "uint256", "string"],
                [self.proposal, serial % 3, 10**18 + serial, "" if serial % 3 else grown.REASON],
            ),
        )

    def tally(self, size: int, count: int) -> tuple[int, int, int]:
        """What the whole tally must be with `count` late votes."""
        sums = [0, 0, 0]
        for serial in range(size):
            sums[serial % 3] += 10**12 * (1 + serial % 99_991)
        for serial in range(count):
            sums[serial % 3] += 10**18 + serial
        return sums[0], sums[1], sums[2]


def _receipt(log: Any) -> dict[str, Any]:
    """What a node gives for a transaction with this one log."""
    place = {
        "blockHash": "0x" + log.block_hash.hex(),
        "blockNumber": hex(log.block_number),
        "transactionHash": "0x" + log.tx_hash.hex(),
        "transactionIndex": hex(log.tx_index),
    }
    return {
        **place,
        "type": "0x2",
        "status": "0x1",
        "cumulativeGasUsed": hex(60_000 * (log.tx_index + 1)),
        "gasUsed": hex(60_000),
        "effectiveGasPrice": "0x3b9aca00",
        "from": "0x" + log.topics[1][12:].hex(),
        "to": "0x" + log.address.hex(),
        "contractAddress": None,
        "logsBloom": "0x" + "00" * 256,
        "logs": [
            {
                **place,
                "address": "0x" + log.address.hex(),
                "topics": ["0x" + topic.hex() for topic in log.topics],
                "data": "0x" + log.data.hex(),
                "logIndex": hex(log.log_index),
                "removed": False,
            }
        ],
    }
