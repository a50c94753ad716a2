"""A small vote, made up from its storage to its receipts, and the certificate about it.

An OpenZeppelin 5 governor with fractional counting and a quorum of 4 %, a token of OpenZeppelin 5;
both by timestamps. Every part can be changed before the certificate is written.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from contract_storage import Storage, entry, put, write_trace
from eth_abi.abi import encode
from eth_utils import keccak
from made_blocks import LEAF_OF_ZERO, header, nodes_of, receipt, state

from proofs.certificate.linking import HISTORY_CONTRACT
from proofs.certificate.result import Verified
from proofs.certificate.rules import Contract, GovernorRules, QuorumRule, TokenRules, WordAt
from proofs.certificate.verifying import verify
from proofs.certificate.witnesses import (
    BlockReceipts,
    Checkpoint,
    History,
    Power,
    State,
    node_set,
)
from proofs.certificate.witnesses import Storage as StorageWitness
from proofs.certificate.writing import Evidence, write
from proofs.chain import rlp
from proofs.chain.trie import prove_ordered
from proofs.statements.clock import ClockMode
from proofs.statements.family import Family
from proofs.statements.storage.counting import CountingForm, CountingLayout
from proofs.statements.storage.governor import GovernorLayout
from proofs.statements.storage.tokens import oz5_token
from proofs.statements.tally import Bucket, Tally, pack_split

GOVERNOR, TOKEN = b"\x60" * 20, b"\x70" * 20
PROPOSAL = 2**255 + 7
SNAPSHOT, DEADLINE, ANCHORED = 1_000_000, 1_000_100, 1_000_300
FIRST_BLOCK, BLOCKS = 20_000, 12
CODE = b"\x60\x80" + b"\x7f" + TOKEN.rjust(32, b"\0") + b"\x56" + b"\x7f" + TOKEN.rjust(32, b"\0")
PROXY_CODE, BEHIND, TOKEN_SLOT = b"\x36\x3d\x3d\x37", b"\x61" * 20, 77
IMPLEMENTATION = int.from_bytes(keccak(text="eip1967.proxy.implementation")) - 1
TOKEN_CODE = b"\x60\x40 the token"
LAYOUT = GovernorLayout(
    family=Family.OZ5,
    proposals=4,
    counting=CountingLayout(CountingForm.FRACTIONAL, 9),
    quorum=10,
    extensions=12,
)
CAST = keccak(text="VoteCast(address,uint256,uint8,uint256,string)")
WITH_PARAMS = keccak(text="VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)")


@dataclass(frozen=True)
class Cast:
    """A vote event in block FIRST_BLOCK + `block`; a split has its parts."""

    voter: bytes
    support: int
    weight: int
    block: int
    split: Tally | None = None

    def log(self, governor: bytes = GOVERNOR, proposal: int = PROPOSAL) -> rlp.Item:
        values: list[object] = [proposal, self.support, self.weight, b"because"]
        types = ["uint256", "uint8", "uint256", "bytes"]
        if self.split is not None:
            values.append(pack_split(self.split))
            types.append("bytes")
        topics = [CAST if self.split is None else WITH_PARAMS, self.voter.rjust(32, b"\0")]
        return [governor, topics, encode(types, values)]


ADA, BEN, CLEO, DORA = (bytes([number]) * 20 for number in (1, 2, 3, 4))
VOTES = (
    Cast(ADA, 1, 700, 2),
    Cast(BEN, 0, 300, 2),
    Cast(CLEO, 255, 60, 4, Tally(against=10, for_=20, abstain=30)),
    Cast(CLEO, 2, 40, 7),
    Cast(DORA, 255, 0, 9, Tally()),
)
POWERS = {ADA: [(900_000, 700)], BEN: [(5, 1), (999_999, 300), (1_000_001, 9)], CLEO: [(7, 100)]}
POWERS[DORA] = [(8, 50), (10, 0), (20, 50)]


@dataclass
class Made:
    """The chain that a certificate is about; `write` proves whatever it holds by then."""

    votes: Sequence[Cast] = VOTES
    totals: Tally = field(default_factory=lambda: Tally(against=310, for_=720, abstain=70))
    powers: dict[bytes, list[tuple[int, int]]] = field(default_factory=lambda: dict(POWERS))
    used: dict[bytes, int] = field(default_factory=lambda: {ADA: 700, BEN: 300, CLEO: 100})
    deadline: int = DEADLINE
    anchored: int = ANCHORED
    hop: bool = False
    form: CountingForm = CountingForm.FRACTIONAL
    zeros_kept: bool = False
    proxied: bool = False
    token: bytes = TOKEN
    start: int = SNAPSHOT
    forged: dict[int, bytes] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def evidence(self) -> Evidence:
        """All witnesses, gathered as they are found."""
        governor, token = self.governor_storage(), self.token_storage()
        layout = replace(LAYOUT, counting=CountingLayout(self.form, 9))
        headers, receipts = self.blocks()
        wanted, contract = (
            [GOVERNOR, self.token],
            Contract(address=GOVERNOR, code_hash=keccak(CODE)),
        )
        if self.proxied:
            wanted.append(BEHIND)
            contract = Contract(
                address=GOVERNOR,
                code_hash=keccak(PROXY_CODE),
                implementation=BEHIND,
                implementation_code=keccak(CODE),
            )
        accounts, known = self.accounts(), {n: keccak(raw) for n, raw in headers.items()}
        history = accounts[HISTORY_CONTRACT][0]
        anchor_number = FIRST_BLOCK + BLOCKS
        state_root, anchor_nodes = state(accounts, wanted)
        anchor = header(anchor_number, known[anchor_number - 1], state_root, self.anchored)
        voters = sorted({vote.voter for vote in self.votes})
        power_slots = [oz5_token().power_slots(voter, *self.place(voter)) for voter in voters]
        receipt_slots = [layout.counting.receipt_slot(PROPOSAL, voter) for voter in voters]
        fixed = [
            IMPLEMENTATION,
            *([TOKEN_SLOT] if self.proxied else []),
            *LAYOUT.core_slots(PROPOSAL),
            *LAYOUT.counting.totals_slots(PROPOSAL),
            LAYOUT.extension_slot(PROPOSAL),
            *LAYOUT.quorum_history().slots(1, 0),
        ]
        supply = [IMPLEMENTATION, *oz5_token().supply_history().slots(1, 0)]
        voted = {FIRST_BLOCK + vote.block for vote in self.votes}
        links: list[History | Sequence[bytes]] = []
        with_votes = "votes" not in self.missing
        if with_votes and self.hop:
            numbers = tuple(sorted(voted))
            links.append(
                History(
                    anchor_number,
                    node_set(state(accounts, [HISTORY_CONTRACT])[1]),
                    nodes_of(history, [number % 8191 for number in numbers]),
                    numbers,
                )
            )
            links.append([headers[number] for number in sorted(voted, reverse=True)])
        elif with_votes:
            links.append([headers[n] for n in range(anchor_number - 1, min(voted) - 1, -1)])
        with_powers = "powers" not in self.missing
        share = "quorum" not in self.missing
        return Evidence(
            chain_id=901,
            anchor=keccak(anchor),
            proposal_id=PROPOSAL,
            governor=GovernorRules(
                contract=contract,
                clock=ClockMode.TIMESTAMP,
                layout=layout,
                token=WordAt(slot=TOKEN_SLOT) if self.proxied else WordAt(offsets=(2, 36)),
                quorum=QuorumRule(buckets=frozenset({Bucket.FOR, Bucket.ABSTAIN}), denominator=100),
            ),
            token=TokenRules(
                contract=Contract(address=self.token, code_hash=keccak(TOKEN_CODE)),
                layout=oz5_token(),
            ),
            state=State(anchor, node_set(anchor_nodes)),
            code=CODE,
            governor_storage=StorageWitness(
                Checkpoint(1, 0) if share else None, nodes_of(governor, fixed)
            ),
            token_storage=StorageWitness(
                Checkpoint(1, 0) if share else None, nodes_of(token, supply)
            ),
            links=links,
            receipts=[self.receipts_of(number, receipts[number]) for number in sorted(voted)]
            if with_votes
            else [],
            powers=[
                (Power(voter, Checkpoint(*self.place(voter))), nodes_of(token, slots))
                for voter, slots in zip(voters, power_slots, strict=True)
            ]
            if with_powers
            else [],
            used=[
                (voter, nodes_of(governor, [slot]))
                for voter, slot in zip(voters, receipt_slots, strict=True)
            ]
            if with_powers
            else [],
            missing=self.missing,
        )

    def accounts(self) -> dict[bytes, tuple[Storage, bytes]]:
        """Storage and code of all contracts."""
        hashes = {number % 8191: keccak(raw) for number, raw in self.blocks()[0].items()}
        hashes |= {number % 8191: digest for number, digest in self.forged.items()}
        found = {
            GOVERNOR: (self.governor_storage(), PROXY_CODE if self.proxied else CODE),
            self.token: (self.token_storage(), TOKEN_CODE),
            HISTORY_CONTRACT: (hashes, b"history"),
        }
        return found | {BEHIND: ({}, CODE)} if self.proxied else found

    def account_nodes(self, wanted: list[bytes]) -> tuple[bytes, ...]:
        """The nodes that prove some accounts."""
        return node_set(state(self.accounts(), wanted)[1])

    def write(self) -> bytes:
        """The certificate."""
        return b"".join(write(self.evidence()))

    def place(self, voter: bytes) -> tuple[int, int | None]:
        """Length of a voter's history, and which checkpoint is in force at the snapshot."""
        keys = [key for key, _ in self.powers.get(voter, [])]
        past = [at for at, key in enumerate(keys) if key <= SNAPSHOT]
        return len(keys), past[-1] if past else None

    def governor_storage(self) -> Storage:
        storage: Storage = {}
        core = entry(4, PROPOSAL)
        duration = self.deadline - self.start
        put(storage, core, int.from_bytes(ADA) | self.start << 160 | duration << 208)
        base = entry(9, PROPOSAL)
        for bucket in Bucket:
            put(storage, base + bucket, self.totals[bucket])
            if self.zeros_kept and not self.totals[bucket]:
                storage[base + bucket] = LEAF_OF_ZERO
        for voter, weight in self.used.items():
            simple = self.form is CountingForm.SIMPLE
            put(storage, entry(base + 3, voter), 1 if simple else weight)
        write_trace(storage, 10, [(1, 4)], 48)
        if self.proxied:
            put(storage, IMPLEMENTATION, int.from_bytes(BEHIND))
            put(storage, TOKEN_SLOT, int.from_bytes(TOKEN))
        return storage

    def token_storage(self) -> Storage:
        storage: Storage = {}
        for voter, pairs in self.powers.items():
            write_trace(storage, entry(9, voter), pairs, 48)
        write_trace(storage, 10, [(1, 10_000)], 48)
        return storage

    def blocks(self) -> tuple[dict[int, bytes], dict[int, list[bytes]]]:
        """Headers by number, and all receipts of each block, votes at odd positions."""
        headers: dict[int, bytes] = {}
        receipts: dict[int, list[bytes]] = {}
        parent = b"\x11" * 32
        for number in range(FIRST_BLOCK, FIRST_BLOCK + BLOCKS):
            rows = self.rows(number - FIRST_BLOCK)
            root, _ = prove_ordered(rows, [])
            stamp = SNAPSHOT + 2 * (number - FIRST_BLOCK)
            headers[number] = header(number, parent, b"\x22" * 32, stamp, root)
            receipts[number] = rows
            parent = keccak(headers[number])
        return headers, receipts

    def rows(self, block: int) -> list[bytes]:
        """The receipts of a block, counted from the first."""
        rows = [receipt([])]
        for vote in self.votes:
            if vote.block == block:
                rows += [receipt([[TOKEN, [], b"noise"], vote.log()]), receipt([], typed=False)]
        return rows

    def receipts_of(self, number: int, rows: list[bytes]) -> BlockReceipts:
        count = sum(FIRST_BLOCK + vote.block == number for vote in self.votes)
        indices = tuple(range(1, 2 * count, 2))
        _, proofs = prove_ordered(rows, indices)
        return BlockReceipts(number, node_set(node for nodes in proofs for node in nodes), indices)


def checked(data: bytes) -> Verified:
    """What the certificate proves."""
    return verify(io.BytesIO(data))
