"""Who signed: addresses from secp256k1 signatures over 32-byte digests, one by one or in batch.

After SEC 1 section 4.1.6 and the yellow paper's ECDSARECOVER. Contracts differ in what they accept,
so the rule is always named; see :class:`Rule`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ..inputs import fixed, octets
from ..keccak import keccak256
from ..refusals import HighS, MalformedSignature, NoSigner, Refusal
from .ecdsa_backend import Backend, default

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of the group; r and s lie between 1 and ORDER - 1."""

HIGHEST_S = ORDER // 2
"""The greatest s of the low half. Of each signature there is a twin with ORDER - s."""


class Rule(Enum):
    """Which v, and whether a high s passes.

    ``OPENZEPPELIN``: v is 27 or 28 and s is low, as in its ECDSA library (4.x and 5.x), by which
    ballots and delegations are checked. ``PRECOMPILE``: v is 27 or 28 and s anything below the
    order, as ``ecrecover`` itself has it; so do COMP, GovernorBravo and Safe. ``WALLET``: v may
    also be 0 or 1, as some devices return it, and s is low; for what is taken in before a contract
    sees it.
    """

    OPENZEPPELIN = (frozenset({27, 28}), True)
    PRECOMPILE = (frozenset({27, 28}), False)
    WALLET = (frozenset({0, 1, 27, 28}), True)


def recover(
    digest: bytes,
    signature: bytes,
    rule: Rule = Rule.OPENZEPPELIN,
    *,
    backend: Backend | None = None,
) -> bytes:
    """Return the 20-byte address that signed ``digest``; ``signature`` is r, s, v in 65 bytes.

    Raises MalformedSignature (v, or r and s out of range), HighS, NoSigner (no key gives this r),
    NotBytes, WrongLength.
    """
    (found,) = recover_batch([(digest, signature)], rule, backend=backend)
    if isinstance(found, Refusal):
        raise found
    return found


def recover_batch(
    items: Sequence[tuple[bytes, bytes]],
    rule: Rule = Rule.OPENZEPPELIN,
    *,
    backend: Backend | None = None,
    threads: int = 1,
) -> list[bytes | Refusal]:
    """Return for each (digest, signature) the address, or the refusal that ``recover`` would raise.

    A bad item has its place in ``facts["item"]`` and touches no other. ``threads`` share the work
    where the backend lets go of the interpreter.
    """
    results: list[bytes | Refusal] = []
    places: list[int] = []
    digests, signatures, parities = bytearray(), bytearray(), bytearray()
    for place, (digest, signature) in enumerate(items):
        try:
            fixed("digest", digest, 32)
            parity = _parity(octets("signature", signature), rule)
        except Refusal as refusal:
            refusal.facts["item"] = place
            results.append(refusal)
            continue
        results.append(b"")
        places.append(place)
        digests += digest
        signatures += signature[:64]
        parities.append(parity)
    chosen = backend or default()
    keys = chosen.recover(bytes(digests), bytes(signatures), bytes(parities), threads)
    for place, key in zip(places, keys, strict=True):
        if key is None:
            results[place] = NoSigner("No key gives this signature.", item=place)
        else:
            results[place] = keccak256(key)[12:]
    return results


def _parity(signature: bytes, rule: Rule) -> int:
    """The parity of R's y, after every check that needs no curve."""
    if len(signature) != 65:
        raise MalformedSignature(
            f"A signature has 65 bytes, not {len(signature)}.", length=len(signature)
        )
    accepted, low = rule.value
    r, s, v = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
    if v not in accepted:
        raise MalformedSignature(f"v may not be {v} by the rule {rule.name}.", v=v, rule=rule.name)
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise MalformedSignature("r and s must lie between 1 and the order of the group.", r=r, s=s)
    if low and s > HIGHEST_S:
        raise HighS("s lies in the high half: the twin of a signature, not one of its own.", s=s)
    return v - 27 if v >= 27 else v
