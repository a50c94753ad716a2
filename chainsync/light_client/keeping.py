"""Keeping what a light client knows as one row, and telling readers of it."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction

from chainsync import branch
from chainsync.advancing import topic
from chainsync.light_client import contradiction
from chainsync.light_client.standing import follows
from chainsync.light_client.trust import Trust
from chainsync.light_client.walking import Walk
from chainsync.models import LightClient
from charter.models import Chain
from ledger import leases
from ledger.actions import audit, tell
from ledger.acts import Act
from ledger.leases import Held
from ledger.text import storable
from proofs.refusals import Refusal
from proofs.statements import light_client_record, light_client_store
from proofs.statements.light_client_store import Store
from proofs.statements.weak_subjectivity import Age

ACTOR = "system:light-client"
_SIGNED = (
    "signed_slot",
    "signed_number",
    "signed_hash",
    "signed_state_root",
    "signed_receipts_root",
    "signed_timestamp",
    "participants",
    "committee_size",
    "signed_at",
)


def row_of(held: Held, chain: Chain, trust: Trust) -> LightClient:
    """The row of a chain for this trust. Another checkpoint or network begins a new one, and what
    the old one ended with goes into the audit. Raises FenceLost."""
    with transaction.atomic(durable=True):
        leases.check(held)
        row = LightClient.objects.filter(chain=chain).first()
        if row is not None and follows(row, trust):
            return row
        fresh = LightClient(
            chain=chain,
            checkpoint=trust.checkpoint,
            network=trust.described,
            epochs_allowed=trust.epochs_allowed,
        )
        audit(
            actor=ACTOR,
            act=Act.LIGHT_CLIENT_BEGUN,
            subject=chain.key,
            detail={
                "checkpoint": "0x" + trust.checkpoint.hex(),
                "network": trust.described,
                "instead_of": None if row is None else _ended(row),
            },
        )
        if row is not None:
            row.delete()
        fresh.save(force_insert=True)
        tell(topic=topic(chain), event="signed", detail={"number": None})
    return LightClient.objects.get(pk=fresh.pk)


def store_of(row: LightClient, trust: Trust) -> Store | None:
    """The store that the row keeps; None before the checkpoint was proven. Raises Refusal."""
    if row.record is None:
        return None
    return light_client_record.load(trust.network, bytes(row.record))


def keep(held: Held, row: LightClient, walk: Walk, before: Store | None) -> LightClient:
    """Write down what a turn that began with `before` has brought. Raises FenceLost."""
    with transaction.atomic(durable=True):
        leases.check(held)
        shown = _shown(row)
        now = datetime.fromtimestamp(walk.clock(), UTC)
        if walk.begun is not None:
            _note_checkpoint(row, walk.trust, walk.begun, now)
        _note_age(row, walk, before)
        if walk.store is not None and walk.store is not before:
            _note_store(row, walk.store, now)
        _note_answers(row, walk, now)
        denied = contradiction.found(row, partial(branch.our_hash, row.chain))
        row.contradicts_number, row.contradicts_hash = denied or (None, None)
        row.save()
        if _shown(row) != shown:
            tell(topic=topic(row.chain), event="signed", detail={"number": row.signed_number})
    return row


def _note_checkpoint(row: LightClient, trust: Trust, begun: Store, now: datetime) -> None:
    row.begun_at = now
    row.checkpoint_slot = begun.finalized.slot
    row.checkpoint_epochs = trust.epochs_since(begun.finalized.slot, now.timestamp())


def _note_age(row: LightClient, walk: Walk, before: Store | None) -> None:
    """Whether the point from which this turn went on was young enough; what lapsed stays so."""
    begins = before or walk.begun
    if begins is None or row.lapsed:
        return
    epochs = walk.trust.epochs_since(begins.finalized.slot, walk.clock())
    age = Age(epochs, walk.trust.epochs_allowed)
    if age.within:
        return
    what = "Signatures were not followed" if before else "The checkpoint was not used"
    row.lapsed = (
        f"{what} for {age.epochs} epochs, and {age.limit} are allowed: who holds the keys of "
        "validators that left since then could have signed another history. Write a newer "
        "checkpoint into venue.toml."
    )


def _note_store(row: LightClient, store: Store, now: datetime) -> None:
    row.record = light_client_record.dump(store)
    row.forced = store.forced
    row.finalized_slot = store.finalized.slot
    row.period = store.period
    try:
        signed = light_client_store.certifies(store)
    except Refusal:
        for name in _SIGNED:
            setattr(row, name, None)
        return
    if row.signed_slot == signed.slot:
        return
    row.signed_slot = signed.slot
    row.signed_number = signed.block_number
    row.signed_hash = _hex(signed.block_hash)
    row.signed_state_root = _hex(signed.state_root)
    row.signed_receipts_root = _hex(signed.receipts_root)
    row.signed_timestamp = signed.timestamp
    row.participants = signed.signed.participants
    row.committee_size = signed.signed.committee_size
    row.signed_at = now


def _note_answers(row: LightClient, walk: Walk, now: datetime) -> None:
    row.refused = storable(" ".join(walk.refused))[:2000]
    row.silence = storable(" ".join(walk.silent))[:2000]
    if walk.answered:
        row.answered_at, row.silent_since = now, None
    elif row.silent_since is None:
        row.silent_since = now
    if walk.newest is None:
        return
    aggregate = walk.newest.sync_aggregate
    row.last_participants = aggregate.participants
    if aggregate.two_thirds:
        row.few_since = None
    elif row.few_since is None:
        row.few_since = now


def _shown(row: LightClient) -> tuple[Any, ...]:
    """What readers would see a difference in."""
    return (
        row.begun_at,
        row.signed_number,
        row.lapsed,
        row.forced,
        row.contradicts_number,
        bool(row.refused),
        row.silent_since is None,
        row.few_since is None,
    )


def _ended(row: LightClient) -> dict[str, Any]:
    """What a light client ended with, for the audit."""
    return {
        "checkpoint": row.checkpoint,
        "network": row.network,
        "checkpoint_slot": row.checkpoint_slot,
        "finalized_slot": row.finalized_slot,
        "signed_number": row.signed_number,
        "signed_hash": row.signed_hash,
        "contradicts_number": row.contradicts_number,
        "contradicts_hash": row.contradicts_hash,
        "forced": row.forced,
        "lapsed": row.lapsed,
    }


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
