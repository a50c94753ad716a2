"""The light client of the beacon chain: which execution block two thirds of a committee finalized.

Source: consensus-specs, `light-client/sync-protocol.md` of Altair to Electra. A store begins at a
block root that somebody trusts and is followed by updates, each of which gives a new store or a
refusal. It shows that the committee signed, not that an attacker would lose money by it: members
are not slashed for what they sign here. The checkpoint must be younger than the weak subjectivity
period, and the current slot must come from a clock of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..chain.beacon import (
    LightHeader,
    SyncCommittee,
    current_committee_index,
    finalized_index,
    next_committee_index,
    signing_root,
    sync_committee,
)
from ..chain.beacon_network import Network
from ..chain.ssz import ZERO, check_branch
from ..curves import bls
from ..inputs import fixed
from ..refusals import (
    CommitteeMismatch,
    FutureSlot,
    HashMismatch,
    NothingToVerify,
    PeriodGap,
    StaleUpdate,
    UnorderedSlots,
)
from .light_client_data import Bootstrap, Update
from .light_client_ranking import is_better
from .light_client_store import Committees, Signed, Store


def begin(network: Network, trusted_root: bytes, bootstrap: Bootstrap) -> Store:
    """A store at the block whose root is trusted.

    Raises HashMismatch when the bootstrap is about another block, BranchMismatch when the committee
    or the execution header is not that block's, UnknownFork, NotSsz.
    """
    header, root = bootstrap.header, bootstrap.header.beacon.root()
    if root != fixed("The trusted block root", trusted_root, 32):
        raise HashMismatch(
            f"The bootstrap is of block 0x{root.hex()}, not of the trusted 0x{trusted_root.hex()}.",
            claimed=trusted_root,
            found=root,
        )
    fork = network.fork(header.slot)
    header.check(fork)
    _check_committee(
        network,
        bootstrap.current_sync_committee,
        bootstrap.current_sync_committee_branch,
        current_committee_index(fork),
        header,
    )
    return Store(network, header, header, bootstrap.current_sync_committee)


def process_update(
    store: Store, update: Update, *, current_slot: int, committees: Committees | None = None
) -> Store:
    """The store after an update of any kind: full, finality or optimistic.

    An update by less than two thirds is no refusal: it may move the optimistic header. Raises
    NothingToVerify, UnorderedSlots, FutureSlot, PeriodGap, StaleUpdate, BranchMismatch,
    CommitteeMismatch, UnprovenPart, InvalidSignature and other refusals of `curves.bls`,
    UnknownFork, NotSsz.
    """
    update = update.checked()
    _check(store, update, current_slot, committees or Committees())
    network, aggregate = store.network, update.sync_aggregate
    if store.best is None or is_better(network, update, store.best):
        store = replace(store, best=update)
    most = max(store.current_max_participants, aggregate.participants)
    store = replace(store, current_max_participants=most)
    threshold = max(store.previous_max_participants, most) // 2
    attested = update.attested_header
    if aggregate.participants > threshold and attested.slot > store.optimistic.slot:
        store = replace(store, optimistic=attested)
    teaches_committee = (
        store.next_committee is None
        and update.has_committee
        and update.has_finality
        and network.period(update.finalized_header.slot) == network.period(attested.slot)
    )
    newer = update.finalized_header.slot > store.finalized.slot
    if aggregate.two_thirds and (newer or teaches_committee):
        signed = Signed(
            aggregate.participants,
            len(aggregate.sync_committee_bits),
            attested.slot,
        )
        store = replace(_apply(store, update, signed), best=None)
    return store


def force_update(store: Store, *, current_slot: int) -> Store:
    """Advance by the best update of less weight when nothing was finalized for a whole period.

    The store keeps working, and certifies nothing from then on. Without such an update, or too
    early, the same store. Raises PeriodGap.
    """
    best = store.best
    if best is None or current_slot <= store.finalized.slot + store.network.slots_per_period:
        return store
    if best.finalized_header.slot <= store.finalized.slot:
        best = replace(best, finalized_header=best.attested_header)
    return replace(_apply(store, best, None), best=None, signed=None, forced=True)


def _check(store: Store, update: Update, current_slot: int, committees: Committees) -> None:
    """All that makes an update valid, the cheap before the dear. Raises as `process_update`."""
    network, attested, finalized = store.network, update.attested_header, update.finalized_header
    if not update.sync_aggregate.participants:
        raise NothingToVerify("Nobody signed the update.")
    _check_slots(store, update, current_slot)
    fork = network.fork(attested.slot)
    attested.check(fork)
    state = attested.beacon.state_root
    if update.has_finality:
        if finalized.slot:
            finalized.check(network.fork(finalized.slot))
        leaf = finalized.beacon.root() if finalized.slot else ZERO
        check_branch(leaf, update.finality_branch, finalized_index(fork), state)
    following = update.next_sync_committee
    if following is not None:
        known = store.next_committee if network.period(attested.slot) == store.period else None
        if known not in (None, following):
            raise CommitteeMismatch("The next committee is not the one that is known.")
        _check_committee(
            network,
            following,
            update.next_sync_committee_branch,
            next_committee_index(fork),
            attested,
        )
    signer = store.current_committee
    if network.period(update.signature_slot) != store.period and store.next_committee is not None:
        signer = store.next_committee
    key = committees.keys(signer).participants(update.sync_aggregate.sync_committee_bits)
    message = signing_root(attested.beacon.root(), network.domain(update.signature_slot))
    bls.check(bls.Claim(key, message, update.sync_aggregate.sync_committee_signature))


def _check_slots(store: Store, update: Update, current_slot: int) -> None:
    network, attested = store.network, update.attested_header.slot
    if not update.signature_slot > attested >= update.finalized_header.slot:
        raise UnorderedSlots(
            "The update was not finalized, attested and signed in this order.",
            finalized=update.finalized_header.slot,
            attested=attested,
            signature=update.signature_slot,
        )
    if update.signature_slot > current_slot:
        raise FutureSlot(
            f"The update was signed in slot {update.signature_slot}, and it is {current_slot}.",
            slot=update.signature_slot,
            current_slot=current_slot,
        )
    period = network.period(update.signature_slot)
    if period > store.period + (store.next_committee is not None):
        raise PeriodGap(
            f"The update is signed in period {period}, whose committee is not known.",
            period=period,
            store_period=store.period,
        )
    wanted = (
        store.next_committee is None
        and update.has_committee
        and network.period(attested) == store.period
    )
    if period < store.period or not (attested > store.finalized.slot or wanted):
        raise StaleUpdate("The update tells nothing new.", attested=attested, period=period)


def _check_committee(
    network: Network,
    committee: SyncCommittee,
    branch: Sequence[bytes],
    index: int,
    header: LightHeader,
) -> None:
    root = sync_committee(network.committee_size).root(committee)
    check_branch(root, branch, index, header.beacon.state_root)


def _apply(store: Store, update: Update, signed: Signed | None) -> Store:
    period = store.network.period(update.finalized_header.slot)
    if store.next_committee is None:
        if period != store.period:
            raise PeriodGap(
                "The update leads past a committee that is not known.",
                period=period,
                store_period=store.period,
            )
        store = replace(store, next_committee=update.next_sync_committee)
    elif period == store.period + 1:
        store = replace(
            store,
            current_committee=store.next_committee,
            next_committee=update.next_sync_committee,
            previous_max_participants=store.current_max_participants,
            current_max_participants=0,
        )
    if update.finalized_header.slot > store.finalized.slot:
        store = replace(store, finalized=update.finalized_header, signed=signed)
        if store.finalized.slot > store.optimistic.slot:
            store = replace(store, optimistic=store.finalized)
    return store
