"""The certificate of a vote under GovernorBravo, with a token like COMP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from contract_storage import Storage, entry, put, write_counted
from eth_utils import keccak
from made_blocks import nodes_of
from made_certificate import (
    ADA,
    BEN,
    CODE,
    GOVERNOR,
    IMPLEMENTATION,
    PROPOSAL,
    TOKEN,
    TOKEN_CODE,
    Cast,
    Made,
)
from unchecked import stored

from proofs.certificate.rules import Contract, GovernorRules, QuorumRule, TokenRules, WordAt
from proofs.certificate.witnesses import Checkpoint, Power
from proofs.certificate.witnesses import Storage as StorageWitness
from proofs.certificate.writing import Evidence
from proofs.statements.clock import ClockMode
from proofs.statements.power import CheckpointKind
from proofs.statements.storage.governor import BRAVO_GOVERNOR
from proofs.statements.storage.tokens import TokenLayout
from proofs.statements.tally import Bucket, Tally

COMP = TokenLayout(kind=CheckpointKind.COMP, checkpoints=3, counts=4)
FIXED = 55


@dataclass
class Bravo(Made):
    """GovernorBravo with a COMP-like token and a quorum in slot `FIXED`; two voters."""

    votes: Sequence[Cast] = (Cast(ADA, 1, 700, 2), Cast(BEN, 0, 300, 2))
    totals: Tally = field(default_factory=lambda: Tally(against=300, for_=700))
    powers: dict[bytes, list[tuple[int, int]]] = field(
        default_factory=lambda: {ADA: [(900_000, 700)], BEN: [(5, 1), (7, 300), (1_000_001, 9)]}
    )
    receipts: dict[bytes, int] = field(
        default_factory=lambda: {ADA: _receipt(1, 700), BEN: _receipt(0, 300)}
    )
    words: dict[int, int] = field(default_factory=dict)

    def governor_storage(self) -> Storage:
        storage: Storage = {}
        base = entry(10, PROPOSAL)
        core = {0: PROPOSAL, 1: int.from_bytes(ADA), 7: self.start, 8: self.deadline}
        votes = {9: self.totals.for_, 10: self.totals.against, 11: self.totals.abstain}
        for offset, value in (core | votes).items():
            put(storage, base + offset, value)
        for voter, kept in self.receipts.items():
            put(storage, entry(base + 13, voter), kept)
        put(storage, FIXED, 400)
        put(storage, FIXED + 1, int.from_bytes(TOKEN))
        return storage | stored(self.words)

    def token_storage(self) -> Storage:
        storage: Storage = {}
        for voter, pairs in self.powers.items():
            write_counted(storage, entry(3, voter), entry(4, voter), pairs, 32)
        return storage

    def evidence(self) -> Evidence:
        governor, token = self.governor_storage(), self.token_storage()
        counting = BRAVO_GOVERNOR.counting
        fixed = [
            IMPLEMENTATION,
            *BRAVO_GOVERNOR.core_slots(PROPOSAL),
            *counting.totals_slots(PROPOSAL),
            FIXED,
            FIXED + 1,
        ]
        return replace(
            super().evidence(),
            governor=GovernorRules(
                contract=Contract(address=GOVERNOR, code_hash=keccak(CODE)),
                clock=ClockMode.TIMESTAMP,
                layout=BRAVO_GOVERNOR,
                token=WordAt(slot=FIXED + 1),
                quorum=QuorumRule(buckets=frozenset({Bucket.FOR}), fixed=WordAt(slot=FIXED)),
            ),
            token=TokenRules(
                contract=Contract(address=TOKEN, code_hash=keccak(TOKEN_CODE)), layout=COMP
            ),
            governor_storage=StorageWitness(None, nodes_of(governor, fixed)),
            token_storage=StorageWitness(None, nodes_of(token, [IMPLEMENTATION])),
            powers=[
                (
                    Power(voter, Checkpoint(*self.place(voter))),
                    nodes_of(token, COMP.power_slots(voter, *self.place(voter))),
                )
                for voter in sorted(self.powers)
            ],
            used=[
                (voter, nodes_of(governor, [counting.receipt_slot(PROPOSAL, voter)]))
                for voter in sorted(self.powers)
            ],
        )


def _receipt(support: int, weight: int) -> int:
    return 1 | support << 8 | weight << 16
