"""Finding where a node's chain and ours part."""

from chainsync.endpoint import fetching
from chainsync.endpoint.pool import Source
from chainsync.models import Block
from charter.models import Chain

FIRST_LOOK = 4
LONGEST_LOOK = 100


def our_hash(chain: Chain, number: int) -> str | None:
    """Hash of our canonical block of this number, or None when it is not in the journal."""
    return (
        Block.objects.filter(chain=chain, number=number, canonical=True)
        .values_list("hash", flat=True)
        .first()
    )


def has(source: Source, number: int, block_hash: str) -> bool:
    """Whether the node has this very block on its chain. Raises EndpointFailure."""
    (header,) = fetching.headers(source, [number])
    return header is not None and "0x" + header.hash.hex() == block_hash


def common_ancestor(source: Source, chain: Chain, *, top: int, floor: int | None) -> int | None:
    """Number of the highest block of ours, from `top` down to `floor`, that the node has too.

    None when there is no such block. Looks at few blocks first and at more and more the deeper
    the fork lies. Raises EndpointFailure.
    """
    look = FIRST_LOOK
    while True:
        rows = Block.objects.filter(chain=chain, canonical=True, number__lte=top)
        if floor is not None:
            rows = rows.filter(number__gte=floor)
        ours = list(rows.order_by("-number").values_list("number", "hash")[:look])
        if not ours:
            return None
        theirs = fetching.headers(source, [number for number, _ in ours])
        for (number, block_hash), header in zip(ours, theirs, strict=True):
            if header is not None and "0x" + header.hash.hex() == block_hash:
                return number
        top = ours[-1][0] - 1
        look = min(look * 4, LONGEST_LOOK)
