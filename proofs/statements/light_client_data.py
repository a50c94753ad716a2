"""What beacon nodes serve to light clients: bootstraps and updates, from SSZ or JSON.

Source: consensus-specs, `light-client/sync-protocol.md` of Altair to Electra, and the beacon API
(`/eth/v1/beacon/light_client/…`). `fork` is that of the answer, its `version` or the header
Eth-Consensus-Version; slots inside may be of older forks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..chain.beacon import (
    EMPTY,
    Fork,
    LightHeader,
    SyncAggregate,
    SyncCommittee,
    branch_to,
    current_committee_index,
    finalized_index,
    light_header,
    next_committee_index,
    sync_aggregate,
    sync_committee,
)
from ..chain.ssz import Container, Schema, Uint
from ..refusals import UnprovenPart

Branch = tuple[bytes, ...]


@dataclass(frozen=True)
class Bootstrap:
    """A header to begin with, and its committee proven in the header's state."""

    header: LightHeader
    current_sync_committee: SyncCommittee
    current_sync_committee_branch: Branch


@dataclass(frozen=True)
class Update:
    """A header that a committee attested, and what its state proves.

    Full, finality and optimistic updates alike: what is not there is empty, and its branch holds
    nothing but zeros or is empty too.
    """

    attested_header: LightHeader
    sync_aggregate: SyncAggregate
    signature_slot: int
    next_sync_committee: SyncCommittee | None = None
    next_sync_committee_branch: Branch = ()
    finalized_header: LightHeader = EMPTY
    finality_branch: Branch = ()

    @property
    def has_committee(self) -> bool:
        """Whether it claims to prove the next committee."""
        return any(map(any, self.next_sync_committee_branch))

    @property
    def has_finality(self) -> bool:
        """Whether it claims to prove a finalized header; at genesis that header is empty."""
        return any(map(any, self.finality_branch))

    def checked(self) -> Update:
        """Itself with None for a committee of zeros. Raises UnprovenPart for a part that has no
        branch, which would be believed without proof."""
        committee, header = self.next_sync_committee, self.finalized_header
        if not self.has_committee and committee is not None:
            if any(committee.aggregate_pubkey) or any(map(any, committee.pubkeys)):
                raise UnprovenPart("The update has a next committee without its branch.")
            committee = None
        if (not self.has_finality or header.slot == 0) and not header.is_empty:
            raise UnprovenPart("The update has a finalized header without its branch.")
        return Update(
            self.attested_header,
            self.sync_aggregate,
            self.signature_slot,
            committee,
            self.next_sync_committee_branch,
            header,
            self.finality_branch,
        )


class Form:
    """The schemas of one fork's data and one size of committee.

    `read` takes SSZ and `parse` decoded JSON; both raise NotSsz, and UnprovenPart for updates.
    """

    def __init__(self, fork: Fork, committee_size: int) -> None:
        header, committee = light_header(fork), sync_committee(committee_size)
        signed: Mapping[str, Schema] = {
            "sync_aggregate": sync_aggregate(committee_size),
            "signature_slot": Uint(8),
        }
        attested: Mapping[str, Schema] = {"attested_header": header}
        following: Mapping[str, Schema] = {
            "next_sync_committee": committee,
            "next_sync_committee_branch": branch_to(next_committee_index(fork)),
        }
        finality: Mapping[str, Schema] = {
            "finalized_header": header,
            "finality_branch": branch_to(finalized_index(fork)),
        }
        self.bootstrap = Container(
            Bootstrap,
            {
                "header": header,
                "current_sync_committee": committee,
                "current_sync_committee_branch": branch_to(current_committee_index(fork)),
            },
        )
        self.update = Container(_update, {**attested, **following, **finality, **signed})
        self.finality_update = Container(_update, {**attested, **finality, **signed})
        self.optimistic_update = Container(_update, {**attested, **signed})


@cache
def form(fork: Fork, committee_size: int) -> Form:
    """The schemas of one fork's data and one size of committee."""
    return Form(fork, committee_size)


def _update(**parts: object) -> Update:
    return Update(**parts).checked()  # type: ignore[arg-type]
