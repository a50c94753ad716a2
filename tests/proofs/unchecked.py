"""Certificates as an issuer writes them who does not look at what it writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from unittest import mock

from certificate_shards import written
from contract_storage import Storage, put
from made_certificate import GOVERNOR, PROPOSAL, Cast, Made

from proofs.certificate import writing
from proofs.certificate.encoding import Json
from proofs.certificate.writing import Evidence
from proofs.chain import rlp


class _Unlooked:
    zeros_met = False

    def json(self) -> Json:
        return None


def unchecked(evidence: Evidence) -> bytes:
    """The certificate of this evidence, whatever it is worth, with no result."""
    with mock.patch.object(writing, "found_by", return_value=_Unlooked()):
        return written(evidence)


@dataclass(frozen=True)
class Logged(Cast):
    """An event in the place of a vote, as it is."""

    topics: tuple[bytes, ...] = ()
    data: bytes = b""

    def log(self, governor: bytes = GOVERNOR, proposal: int = PROPOSAL) -> rlp.Item:
        return [governor, list(self.topics), self.data]


@dataclass
class Stored(Made):
    """With words of its own in the governor's and in the token's storage, by slot."""

    words: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)

    def governor_storage(self) -> Storage:
        return super().governor_storage() | stored(self.words)

    def token_storage(self) -> Storage:
        return super().token_storage() | stored(self.held)


@dataclass
class Received(Made):
    """With other receipts at position 1 of their blocks, by block after the first."""

    received: dict[int, bytes] = field(default_factory=dict)

    def rows(self, block: int) -> list[bytes]:
        rows = super().rows(block)
        if block in self.received:
            rows[1] = self.received[block]
        return rows


def stored(words: dict[int, int]) -> Storage:
    """Storage of these words."""
    storage: Storage = {}
    for slot, value in words.items():
        put(storage, slot, value)
    return storage
