"""What nodes' tags allow us to call safe and finalized, and why it waits.

Where endpoints of several operators are declared nothing becomes final on the word of one: a block
does once a second operator calls it final too, it or one above it on our branch. What each operator
calls final is known from the tags that it is asked for anyway.
"""

import time
from collections.abc import Sequence

from chainsync import branch, disputes
from chainsync.advancing import Finality
from chainsync.endpoint.failures import MalformedReply
from chainsync.endpoint.fetching import Tags
from chainsync.endpoint.pool import Pool, Source
from chainsync.endpoint.wire import Header
from chainsync.light_client import contradiction
from chainsync.models import Block, ChainStatus

WAIT_SECONDS = 5.0
"""Finality that waits for a second operator for longer than this is told of; endpoints are asked
every second or so, one after the other."""


class Judge:
    """Says what changes in the finality of one chain, for the length of one turn."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._advanced = time.monotonic()

    def judge(
        self, status: ChainStatus, source: Source, tags: Tags, new: Sequence[Header]
    ) -> Finality:
        """What changes when `new` headers follow our head (or are a new branch).

        Finalized is only what we have ourselves, under the very hash that the node names, nothing
        that endpoints dispute, nothing that no second operator calls so where there is one, and
        nothing that signatures deny (`light_client/contradiction.py`); it never goes back. Raises
        MalformedReply when the node's finalized block is not on the node's own branch.
        """
        highest = new[-1].number if new else status.head_number
        if highest is None:
            return Finality()
        safe = None
        if tags.safe is not None and min(tags.safe.number, highest) != status.safe_number:
            safe = min(tags.safe.number, highest)
        hashes = {header.number: "0x" + header.hash.hex() for header in new}
        known = -1 if status.finalized_number is None else status.finalized_number
        claimed = tags.finalized
        if claimed is None or not known < claimed.number <= highest:
            return self._news(status, safe, "")
        ours = self._hash(claimed.number, hashes)
        if ours is None:
            return self._news(status, safe, "")
        if ours != "0x" + claimed.hash.hex():
            raise MalformedReply(
                source.name,
                f"calls a block {claimed.number} finalized that is not on its own branch.",
            )
        number, waits = claimed.number, ""
        if len(self._pool.operators) > 1:
            number = min(number, self._seconded(source, known, claimed.number, hashes))
            waits = "" if number == claimed.number else self._words(source)
        disputed = disputes.disputed_from(self._pool.chain)
        if disputed is not None:
            number = min(number, disputed - 1)
        if number > known:
            number, denied = contradiction.final_to(
                self._pool.chain, number, lambda at: self._hash(at, hashes)
            )
            waits = denied or waits
        ours = self._hash(number, hashes)
        if number <= known or ours is None:
            return self._news(status, safe, waits)
        return self._news(status, safe, "", number, ours)

    def _news(
        self,
        status: ChainStatus,
        safe: int | None,
        waits: str,
        finalized: int | None = None,
        finalized_hash: str | None = None,
    ) -> Finality:
        """`waits` are told when they have stood for a while, and taken back at once."""
        now = time.monotonic()
        if not waits:
            self._advanced = now
        elif now - self._advanced < WAIT_SECONDS:
            waits = status.finality_waits
        return Finality(
            safe=safe,
            finalized=finalized,
            finalized_hash=finalized_hash,
            waits=None if waits == status.finality_waits else waits,
        )

    def _seconded(self, source: Source, known: int, claimed: int, hashes: dict[int, str]) -> int:
        """The highest block of ours, up to `claimed`, that another operator has and calls final;
        `known` without any.

        Our blocks are linked: one of them stands for all below it.
        """
        found = known
        for other in self._pool.sources:
            final = other.finalized
            if other.operator == source.operator or final is None or final.number <= found:
                continue
            if self._hash(final.number, hashes) == "0x" + final.hash.hex():
                found = min(final.number, claimed)
            else:
                # Above our head, or nothing of ours: it counts for what it gave us like the others.
                top = min(final.number, claimed)
                found = max(found, self._given(other, found, top))
        return found

    def _given(self, other: Source, known: int, top: int) -> int:
        rows = Block.objects.filter(chain=self._pool.chain, canonical=True)
        given = rows.filter(number__gt=known, number__lte=top, operators__contains=[other.operator])
        newest = given.order_by("-number").values_list("number", flat=True).first()
        return known if newest is None else newest

    def _words(self, source: Source) -> str:
        others = [one for one in self._pool.sources if one.operator != source.operator]
        why = "; ".join(f"{one.name} ({one.operator}) {_why(one)}" for one in others)
        return (
            f"Only {source.operator} calls newer blocks final, and nothing becomes final here on "
            f"the word of one operator: {why}."
        )

    def _hash(self, number: int, new: dict[int, str]) -> str | None:
        return new.get(number) or branch.our_hash(self._pool.chain, number)


def _why(other: Source) -> str:
    if other.failures or other.answered_at is None:
        return "does not answer"
    return "calls no block final" if other.finalized is None else "has not called them final yet"
