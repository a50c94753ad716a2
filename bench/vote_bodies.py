"""A large vote as nodes tell of it: replies about receipts and storage proofs, streamed.

The token holds the history of each voter, one checkpoint before the snapshot and, for every second
voter, one after it; the governor counts as GovernorBravo does and keeps a receipt of each. Made of
tries, or asked of a node, by a process of its own, which writes parcels into a folder and waits
while one is measured.
"""

from __future__ import annotations

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from bench.grown_trie import GrownTrie
from bench.votes import GOVERNOR, PROPOSAL
from proofs.chain import bloom, receipts, rlp
from proofs.chain.trie import prove
from proofs.keccak import keccak256
from proofs.statements.storage.counting import CountingForm, CountingLayout
from proofs.statements.storage.slots import array_slot
from proofs.statements.storage.tokens import oz5_token
from proofs.statements.vote_logs import VOTE_TOPICS

TOKEN = bytes.fromhex("70" * 20)
GOVERNOR_ADDRESS = bytes.fromhex(GOVERNOR[2:])
LAYOUT, COUNTING = oz5_token(), CountingLayout(CountingForm.BRAVO, 3)
SNAPSHOT, CLOCK = 1_000_000, 1_400_000
A_PARCEL, A_BLOCK, A_REPLY = 2_500, 199, 1_000
CODE_HASH = b"\x22" * 32
CAST = keccak256(b"VoteCast(address,uint256,uint8,uint256,string)")
REASON = b"I looked at it closely, and this is my reason. It is in some detail."
assert CAST in VOTE_TOPICS


class Parcel(NamedTuple):
    """Replies about some votes: a file, and the sizes of the replies in it, in order.

    ``blocks`` are hashes of blocks with ``roots``, their receipts roots, from ``first`` on;
    ``voters`` ascend, 20 bytes each, with the places of their powers as rows would tell them.
    """

    file: Path
    receipts: list[int]
    token: list[int]
    governor: list[int]
    first: int
    blocks: list[bytes]
    roots: list[bytes]
    voters: bytes
    lengths: list[int]
    indices: list[int]


class Vote(NamedTuple):
    """What is known of the whole vote: state root, roots of the two contracts, and totals."""

    state_root: bytes
    token_root: bytes
    governor_root: bytes
    totals: tuple[int, int, int]


def streamed(folder: Path, votes: int, node: str = "") -> tuple[Vote, Iterator[list[Parcel]]]:
    """The vote, and its parcels, two at a time; those before are gone when the next are asked.

    With the address of a `node` that has nothing else to do the replies are its own.
    """
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=_serve, args=(folder, votes, node, theirs), daemon=True
    )
    process.start()
    theirs.close()
    vote: Vote = ours.recv()

    def parcels() -> Iterator[list[Parcel]]:
        while True:
            ours.send("next")
            given: list[Parcel] = ours.recv()
            if not given:
                break
            yield given
            for parcel in given:
                parcel.file.unlink()
        process.join()

    return vote, parcels()


def _serve(folder: Path, votes: int, node: str, pipe: Connection) -> None:
    from bench.vote_node import OfNode

    made = OfNode(votes, node) if node else Made(votes)
    pipe.send(made.vote)
    starts = iter(range(0, votes, A_PARCEL))
    more = True
    while more:
        pipe.recv()
        given = [made.parcel(folder, start) for start in islice(starts, 2)]
        pipe.send(given)
        more = bool(given)


class Replies(ABC):
    """All voters, what the contracts hold of them, and parcels of the replies about them."""

    vote: Vote

    def __init__(self, votes: int) -> None:
        self.draw = draw = random.Random(20)  # noqa: S311 - the same for all, and again
        self.voters = [draw.randbytes(20) for _ in range(votes)]
        self.weights = [draw.randrange(10**15, 10**24) for _ in range(votes)]
        self.supports = [draw.randrange(3) for _ in range(votes)]
        self.later = [draw.random() < 0.5 for _ in range(votes)]
        token: dict[int, int] = {}
        governor: dict[int, int] = {}
        for voter, weight, support, later in zip(
            self.voters, self.weights, self.supports, self.later, strict=True
        ):
            length = LAYOUT.history_of(voter).length_slot
            token[length] = 1 + later
            token[array_slot(length, 0)] = weight << 48 | 900_000
            if later:
                token[array_slot(length, 1)] = (weight // 2) << 48 | 1_200_000
            slot = COUNTING.receipt_slot(PROPOSAL, voter)
            governor[slot] = 1 | support << 8 | weight << 16
        self.words = {TOKEN: token, GOVERNOR_ADDRESS: governor}
        totals = [0, 0, 0]
        for support, weight in zip(self.supports, self.weights, strict=True):
            totals[support] += weight
        self.totals = totals[0], totals[1], totals[2]
        self.block = 2**24

    @abstractmethod
    def block_of(self, cast: range) -> tuple[bytes, bytes, bytes]:
        """The reply about the receipts of the next block, its hash, and its receipts root."""

    @abstractmethod
    def proofs(self, address: bytes, slots: Sequence[int]) -> bytes:
        """The reply to eth_getProof."""

    def log_data(self, at: int) -> bytes:
        """What the log of a vote holds beside its topics."""
        reason = REASON if at % 3 == 0 else b""
        words = [PROPOSAL, self.supports[at], self.weights[at], 128, len(reason)]
        data = b"".join([word.to_bytes(32, "big") for word in words])
        return data + reason.ljust(-(-len(reason) // 32) * 32, b"\0")

    def parcel(self, folder: Path, start: int) -> Parcel:
        """The votes from ``start`` on, as replies in a file."""
        cast = range(start, min(start + A_PARCEL, len(self.voters)))
        first, blocks, roots = self.block, [], []
        texts: list[bytes] = []
        for begin in range(cast.start, cast.stop, A_BLOCK):
            text, block, root = self.block_of(range(begin, min(begin + A_BLOCK, cast.stop)))
            texts.append(text)
            blocks.append(block)
            roots.append(root)
            self.block += 1
        sizes = {"receipts": list(map(len, texts))}
        order = sorted(cast, key=self.voters.__getitem__)
        slots: list[int] = []
        for at in order:
            length = LAYOUT.history_of(self.voters[at]).length_slot
            slots += [length, *[array_slot(length, index) for index in range(1 + self.later[at])]]
        kept = [COUNTING.receipt_slot(PROPOSAL, self.voters[at]) for at in order]
        for name, address, wanted in (
            ("token", TOKEN, slots),
            ("governor", GOVERNOR_ADDRESS, kept),
        ):
            replies = [
                self.proofs(address, wanted[begin : begin + A_REPLY])
                for begin in range(0, len(wanted), A_REPLY)
            ]
            sizes[name] = list(map(len, replies))
            texts += replies
        file = folder / f"parcel-{start}"
        file.write_bytes(b"".join(texts))
        return Parcel(
            file=file,
            receipts=sizes["receipts"],
            token=sizes["token"],
            governor=sizes["governor"],
            first=first,
            blocks=blocks,
            roots=roots,
            voters=b"".join([self.voters[at] for at in order]),
            lengths=[1 + self.later[at] for at in order],
            indices=[0] * len(order),
        )


class Made(Replies):
    """Both tries in memory."""

    def __init__(self, votes: int) -> None:
        super().__init__(votes)
        self.tries = {address: _Storage(words) for address, words in self.words.items()}
        accounts = {
            keccak256(number.to_bytes(20, "big")): _account(CODE_HASH) for number in range(3_000)
        }
        accounts |= {keccak256(a): _account(one.trie.root) for a, one in self.tries.items()}
        state_root, ways = prove(accounts, [keccak256(address) for address in self.tries])
        self.ways = dict(zip(self.tries, ways, strict=True))
        roots = [one.trie.root for one in self.tries.values()]
        self.vote = Vote(state_root, roots[0], roots[1], self.totals)

    def block_of(self, cast: range) -> tuple[bytes, bytes, bytes]:
        """A block drawn at random."""
        rows = self._receipts(cast)
        return _reply(rows), bytes.fromhex(str(rows[0]["blockHash"])[2:]), receipts.root(rows)

    def _receipts(self, cast: range) -> list[dict[str, object]]:
        """A deposit, then the votes, with all the fields that a node of the OP Stack gives."""
        draw = self.draw
        place = {"blockHash": "0x" + draw.randbytes(32).hex(), "blockNumber": hex(self.block)}
        rows: list[dict[str, object]] = []
        for position, at in enumerate([-1, *cast]):
            about = {
                "transactionHash": "0x" + draw.randbytes(32).hex(),
                **place,
                "transactionIndex": hex(position),
            }
            logs = [self._log(at, position - 1, about)] if position else []
            content = [(GOVERNOR_ADDRESS, [CAST, bytes(12) + self.voters[at]])] if logs else []
            row: dict[str, object] = {
                **about,
                "type": "0x2" if position else hex(receipts.DEPOSIT),
                "status": "0x1",
                "cumulativeGasUsed": hex(60_000 * (position + 1)),
                "gasUsed": "0xb3b0",
                "effectiveGasPrice": "0xf4240",
                "from": "0x" + draw.randbytes(20).hex(),
                "to": GOVERNOR,
                "contractAddress": None,
                "logs": logs,
                "logsBloom": "0x" + bloom.of_logs(content).hex(),
                "l1Fee": "0x1d2b9",
                "l1GasPrice": "0x5f5e100",
                "l1GasUsed": "0x640",
            }
            if not position:
                row |= {"depositNonce": place["blockNumber"], "depositReceiptVersion": "0x1"}
            rows.append(row)
        return rows

    def _log(self, at: int, index: int, about: dict[str, str]) -> dict[str, object]:
        return {
            **about,
            "address": GOVERNOR,
            "topics": ["0x" + CAST.hex(), "0x" + (bytes(12) + self.voters[at]).hex()],
            "data": "0x" + self.log_data(at).hex(),
            "blockTimestamp": hex(1_700_000_000 + self.block),
            "logIndex": hex(index),
            "removed": False,
        }

    def proofs(self, address: bytes, slots: Sequence[int]) -> bytes:
        """Rows out of the tries."""
        storage = self.tries[address]
        result = {
            "address": "0x" + address.hex(),
            "accountProof": ["0x" + node.hex() for node in self.ways[address]],
            "balance": "0x5",
            "codeHash": "0x" + CODE_HASH.hex(),
            "nonce": "0x1",
            "storageHash": "0x" + storage.trie.root.hex(),
            "storageProof": [],
        }
        rows = ",".join(
            [
                f'{{"key":"0x{slot:064x}","value":"{storage.words[slot]:#x}","proof":["0x'
                + '","0x'.join(storage.trie.proof(keccak256(slot.to_bytes(32, "big"))))
                + '"]}'
                for slot in slots
            ]
        )
        return _reply(result).replace(b"[]", b"[" + rows.encode() + b"]")


class _Storage:
    """Words by slot, and their trie."""

    def __init__(self, words: dict[int, int]) -> None:
        self.words = words
        self.trie = GrownTrie(
            {keccak256(slot.to_bytes(32, "big")): word for slot, word in words.items()}
        )


def _account(root: bytes) -> bytes:
    return rlp.encode([b"\x01", b"\x05", root, CODE_HASH])


def _reply(result: object) -> bytes:
    reply = {"jsonrpc": "2.0", "id": 1, "result": result}
    return json.dumps(reply, separators=(",", ":")).encode()
