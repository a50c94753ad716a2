"""Which execution block of a chain is signed as final, or why none is."""

import time
from dataclasses import dataclass
from datetime import datetime

from chainsync.light_client.trust import Trust, trust_of
from chainsync.models import LightClient
from charter.errors import CharterError
from charter.models import Beacon, Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """An execution block that two thirds of a sync committee signed as finalized, in an unbroken
    line from the checkpoint.

    Hashes and roots of 32 bytes; `timestamp` in seconds since 1970 UTC by the chain,
    `checkpoint_age` in seconds by our clock.
    """

    number: int
    hash: bytes
    state_root: bytes
    receipts_root: bytes
    timestamp: int
    slot: int
    participants: int
    committee_size: int
    checkpoint: bytes
    checkpoint_age: int
    known_at: datetime


def certified(chain: Chain) -> Certified | None:
    """The newest certified block of a chain, or None: `why_not` then says why. One query."""
    found = look(with_light_client(chain))
    return found if isinstance(found, Certified) else None


def why_not(chain: Chain) -> str:
    """Why no block of a chain is certified, in words; empty when one is. One query."""
    found = look(with_light_client(chain))
    return "" if isinstance(found, Certified) else found


def with_light_client(chain: Chain) -> Chain:
    """The chain as it is now, with its beacon and light client, for `look`."""
    rows = Chain.objects.select_related("beacon", "light_client")
    return rows.defer("light_client__record").get(pk=chain.pk)


def look(chain: Chain, now: float | None = None) -> Certified | str:
    """What is certified of a chain, or why nothing is; asks for nothing that `chain` has."""
    beacon, client = beacon_of(chain), light_client_of(chain)
    if beacon is None:
        return (
            f"No beacon endpoint is configured for {chain.name}: its finality rests on what nodes "
            f"say. Write [chains.{chain.key}.beacon] into venue.toml."
        )
    try:
        trust = trust_of(beacon)
    except CharterError as error:
        return f"The beacon of {chain.name} cannot be used. {error.problems[0]}"
    if client is None or not follows(client, trust):
        return "The checkpoint that venue.toml gives has not been asked for yet."
    return _refusal(client) or _certified(client, trust, time.time() if now is None else now)


def beacon_of(chain: Chain) -> Beacon | None:
    """The beacon that the charter gives to a chain now, or None."""
    found: Beacon | None = getattr(chain, "beacon", None)
    return found if found is not None and found.active else None


def light_client_of(chain: Chain) -> LightClient | None:
    """The light client of a chain, also one whose checkpoint is not the charter's any more."""
    found: LightClient | None = getattr(chain, "light_client", None)
    return found


def follows(client: LightClient, trust: Trust) -> bool:
    """Whether a light client goes by what the charter says now."""
    same = client.checkpoint == "0x" + trust.checkpoint.hex()
    return bool(same and client.network == trust.described)


def _refusal(client: LightClient) -> str:
    if client.forced:
        return "The light client was once advanced by less than two thirds: it certifies nothing."
    if client.lapsed:
        return client.lapsed
    if client.contradicts_number is not None:
        return (
            f"The signatures are for another block {client.contradicts_number} than the one that "
            "nodes gave us, so neither is relied on."
        )
    if client.begun_at is None:
        said = client.refused or client.silence or "It is asked for."
        return f"No beacon endpoint has proven the checkpoint yet. {said}"
    if client.signed_number is None:
        return "Nothing newer than the checkpoint has been signed as final yet."
    return ""


def _certified(client: LightClient, trust: Trust, now: float) -> Certified:
    assert client.signed_at is not None
    return Certified(
        number=_known(client.signed_number),
        hash=_bytes(client.signed_hash),
        state_root=_bytes(client.signed_state_root),
        receipts_root=_bytes(client.signed_receipts_root),
        timestamp=_known(client.signed_timestamp),
        slot=_known(client.signed_slot),
        participants=_known(client.participants),
        committee_size=_known(client.committee_size),
        checkpoint=_bytes(client.checkpoint),
        checkpoint_age=max(0, int(now) - trust.time_of(_known(client.checkpoint_slot))),
        known_at=client.signed_at,
    )


def _known(number: int | None) -> int:
    assert number is not None
    return number


def _bytes(text: str | None) -> bytes:
    assert text is not None
    return bytes.fromhex(text[2:])
