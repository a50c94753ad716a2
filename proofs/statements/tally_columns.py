"""Whether votes in columns are all votes: the batch path of `proven_tally`.

It answers by itself only where everything is well: all votes linked, each log once, sums equal to
the totals, power and receipt of every voter as they should be. Whatever is not takes the plain
path, which says what is wrong. Importing this module loads numpy.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .proven_tally import AnchorFacts, Outcome, ProvenTally, Said, VoterFacts, prove_tally
from .storage.columns import Receipts
from .storage.counting import Receipt
from .tally import Bucket, Counting
from .tally_witness import Amounts
from .vote_columns import Bytes, Votes

Limbs = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int64]

_AT_ONCE = 1 << 16
"""Voters looked at together: of a million at once the limbs alone would be hundreds of MB."""


class Voters(NamedTuple):
    """What is proven of voters: addresses in ascending order, each once, 20 bytes a row; powers at
    the snapshot, 32 bytes a row; what the governor keeps, None where that is not proven."""

    addresses: Bytes
    powers: Bytes
    receipts: Receipts | None = None

    def one_by_one(self) -> VoterFacts:
        """The same as mappings by address."""
        addresses = [address.tobytes() for address in self.addresses]
        powers = [int.from_bytes(power.tobytes(), "big") for power in self.powers]
        kept = self.receipts
        receipts: dict[bytes, Receipt] = {}
        for at, address in enumerate(addresses) if kept else ():
            assert kept is not None
            voted = bool(kept.voted[at])
            receipts[address] = Receipt(
                voted=voted,
                support=None if kept.supports is None or not voted else int(kept.supports[at]),
                weight=None
                if kept.weights is None
                else int.from_bytes(kept.weights[at].tobytes(), "big"),
            )
        return VoterFacts(powers=dict(zip(addresses, powers, strict=True)), receipts=receipts)


def prove(
    anchor: AnchorFacts, votes: Votes, *, ancestors: Container[bytes], voters: Voters
) -> ProvenTally:
    """Compare proven votes with the proven totals; results and refusals as of `prove_tally`."""
    found = _whole(anchor, votes, ancestors, voters)
    if found is not None:
        return found
    return prove_tally(anchor, votes.one_by_one(), ancestors=ancestors, voters=voters.one_by_one())


def _whole(
    anchor: AnchorFacts, votes: Votes, ancestors: Container[bytes], voters: Voters
) -> ProvenTally | None:
    """The tally if it is proven, each part of it; None if anything needs a closer look."""
    if votes.params or votes.kinds or anchor.overridable or (votes.supports > 2).any():
        return None
    if anchor.counting is Counting.BRAVO and votes.weights[:, :20].any():
        return None
    if not _once(votes) or not all(block in ancestors for block in votes.blocks):
        return None
    totals = anchor.totals
    if any(_sum(votes.weights[votes.supports == bucket]) != totals[bucket] for bucket in Bucket):
        return None
    if not _allowed(anchor, votes, voters):
        return None
    return ProvenTally(
        outcome=Outcome.PROVEN,
        closed=anchor.clock > anchor.deadline,
        totals=totals,
        difference=Amounts(),
        votes=len(votes.block),
        zero_weight=int((~votes.weights.any(axis=1)).sum()),
        unlinked=(),
        pending=(),
        contradictions=(),
        witness=None,
        said=frozenset({Said.ZERO_WEIGHT_VOTES, Said.NO_UPGRADE_BETWEEN, Said.MEANING_OF_CODE}),
    )


def _once(votes: Votes) -> bool:
    """Whether logs ascend, so that none is there twice."""
    if len(set(votes.blocks)) != len(votes.blocks):
        return False
    block, transaction = np.diff(votes.block), np.diff(votes.transaction)
    same = (transaction > 0) | ((transaction == 0) & (np.diff(votes.position) > 0))
    return bool(((block > 0) | ((block == 0) & same)).all())


def _allowed(anchor: AnchorFacts, votes: Votes, voters: Voters) -> bool:
    """Whether each voter's votes weigh what its power and its receipt say."""
    keys, known = _keys(votes.voters), _keys(voters.addresses)
    if not len(keys):
        return True
    if len(known) == 0 or (known[1:] <= known[:-1]).any():
        return False
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    at = np.searchsorted(known, keys[first])
    if (at >= len(known)).any() or (known[at] != keys[first]).any():
        return False
    ends = np.append(first[1:], len(order))
    for begin in range(0, len(first), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        start, end = first[begin], ends[some][-1]
        if not _weighed(anchor, votes, order[start:end], first[some] - start, voters, at[some]):
            return False
    return True


def _weighed(
    anchor: AnchorFacts, votes: Votes, rows: Indices, first: Indices, voters: Voters, at: Indices
) -> bool:
    """The same of some voters, who stand in the rows ``at``: of their votes in ``rows``, those from
    each of ``first`` on are of one voter."""
    cast = _carried(np.add.reduceat(_limbs(votes.weights[rows]), first, axis=0, dtype=np.uint64))
    if cast is None:
        return False
    powers = _limbs(voters.powers[at])
    fractional = anchor.counting is Counting.FRACTIONAL
    if _exceeds(cast, powers).any() if fractional else (cast != powers).any():
        return False
    kept = voters.receipts
    if kept is None:
        return True
    unseen = ~kept.voted[at]
    if (unseen & cast.any(axis=1)).any() if fractional else unseen.any():
        return False
    if kept.weights is not None and (cast != _limbs(kept.weights[at])).any():
        return False
    # The receipt keeps the choice that came last.
    last = rows[np.append(first[1:], len(rows)) - 1]
    return kept.supports is None or bool((kept.supports[at] == votes.supports[last]).all())


def _keys(addresses: Bytes) -> npt.NDArray[np.bytes_]:
    """Addresses as values that compare like their bytes."""
    found: npt.NDArray[np.bytes_] = np.ascontiguousarray(addresses).view("S20")[:, 0]
    return found


def _limbs(rows: Bytes) -> Limbs:
    """Numbers of 32 bytes as eight of 32 bits, the highest first."""
    return np.ascontiguousarray(rows).view(">u4").astype(np.uint32)


def _sum(rows: Bytes) -> int:
    """The exact sum of numbers of 32 bytes; fewer than 2**32 rows fit."""
    total = 0
    for part in rows.view(">u4").sum(axis=0, dtype=np.uint64).tolist():
        total = (total << 32) + part
    return total


def _carried(sums: npt.NDArray[np.uint64]) -> Limbs | None:
    """Sums of limbs as limbs of 32 bits again; None if one does not fit into 256 bits."""
    carry = np.zeros(len(sums), np.uint64)
    low = np.uint64(2**32 - 1)
    for column in range(7, -1, -1):
        whole = sums[:, column] + carry
        sums[:, column], carry = whole & low, whole >> np.uint64(32)
    return None if carry.any() else sums.astype(np.uint32)


def _exceeds(mine: Limbs, theirs: Limbs) -> npt.NDArray[np.bool_]:
    """Whether numbers are larger than those beside them."""
    found, equal = np.zeros(len(mine), bool), np.ones(len(mine), bool)
    for column in range(8):
        found |= equal & (mine[:, column] > theirs[:, column])
        equal &= mine[:, column] == theirs[:, column]
    return found
