"""Where following begins: no operator's first word is taken against another's.

A block with which we begin is final at once where others know it, and whatever contradicts it is
refused from then on. So they are asked before, and not, as otherwise, afterwards.
"""

from chainsync import disputing, standing
from chainsync.endpoint import fetching
from chainsync.endpoint.failures import Disagreement, EndpointFailure, MalformedReply
from chainsync.endpoint.pool import Pool, Source
from chainsync.endpoint.wire import Header
from chainsync.models import Dispute


def vouched(pool: Pool, source: Source, first: Header) -> None:
    """Make sure that following may begin with a block that `source` calls finalized.

    Operators that do not answer, or have not come so far, do not count; alone, one is followed,
    but nothing is final before another operator says so (`chainsync/finality.py`), and never to a
    head that cannot be (`chainsync/plausible.py`).
    Raises Disagreement where it is word against word, which stands as a dispute until the answers
    agree; MalformedReply where the others are more.
    """
    denials: list[tuple[Source, Header | None]] = []
    agreed = 1
    for other in pool.others(source):
        try:
            (theirs,) = fetching.headers(other, [first.number])
            tags = fetching.tags(other)
        except EndpointFailure:
            continue
        if theirs is not None and theirs.hash == first.hash:
            agreed += 1
            if tags.finalized is not None and tags.finalized.number >= first.number:
                # The one above is not ours yet, to be compared with.
                other.finalized = theirs
        elif theirs is not None or tags.latest.timestamp >= first.timestamp:
            denials.append((other, theirs))
    if agreed > len(denials):
        return
    if agreed < len(denials):
        alone = MalformedReply(
            source.name, f"calls a block {first.number} finalized that no other operator has."
        )
        source.distrust(alone)
        raise alone
    for other, theirs in denials:
        says = f"is 0x{theirs.hash.hex()[:8]}…" if theirs else "does not exist"
        disputing.open_dispute(
            other.endpoint,
            Dispute.About.BLOCK,
            first.number,
            says=f"block {first.number} {says}",
            block_hash="0x" + first.hash.hex(),
        )
    disputing.apply(pool.sources)
    standing.stand_disputes()
    raise Disagreement(
        f"{source.name} and {', '.join(other.name for other, _ in denials)}",
        f"disagree on block {first.number}, with which following would begin. It begins when they "
        "agree, or when a third operator decides.",
    )
