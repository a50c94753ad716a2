"""Where signatures and the chain that nodes gave us part.

A signed block that our journal has otherwise is either a lie of all our nodes or of two thirds of
a committee: nothing from there on is called final until a person has looked.
"""

from collections.abc import Callable

from chainsync.models import LightClient
from charter.models import Chain

HashOf = Callable[[int], str | None]


def found(client: LightClient, hash_of: HashOf) -> tuple[int, str] | None:
    """The signed block that `hash_of` denies now, lowest first.

    One that was denied before stands until we have the signed block in its place.
    """
    known = client.contradicts_number, client.contradicts_hash
    if known[0] is not None and known[1] is not None and hash_of(known[0]) != known[1]:
        return known[0], known[1]
    number, signed = client.signed_number, client.signed_hash
    if number is None or signed is None:
        return None
    return None if hash_of(number) in (None, signed) else (number, signed)


def final_to(chain: Chain, number: int, hash_of: HashOf) -> tuple[int, str]:
    """The highest block up to `number` that signatures do not deny, and why it is not higher."""
    client = (
        LightClient.objects.filter(chain=chain, chain__beacon__active=True)
        .only("signed_number", "signed_hash", "contradicts_number", "contradicts_hash")
        .first()
    )
    denied = found(client, hash_of) if client else None
    if denied is None or denied[0] > number:
        return number, ""
    return denied[0] - 1, words(chain, *denied)


def words(chain: Chain, number: int, signed: str) -> str:
    """What is wrong, for people."""
    return (
        f"The committee of {chain.name}'s beacon chain signed {signed[:10]}… as the final block "
        f"{number}, and our nodes gave another one. Nothing from there on is called final."
    )
