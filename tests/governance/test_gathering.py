"""What a certificate rests on is gathered in many ways, and is the same whichever way was taken."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chainsync.endpoint.pool import pool_of
from governance import asking, layouts, proven_state, voter_places, witnesses
from governance.models import Checkpoint
from lab.endpoint import Exchange, Handler, Reply, failure
from lab.governance import Support
from proofs.certificate import proving
from proofs.certificate.proving import Zeros
from proofs.certificate.witnesses import node_set
from proofs.keccak_batch import SlowBatch
from proofs.statements.storage.counting import CountingForm, CountingLayout
from proofs.statements.storage.tokens import TokenLayout, oz5_token
from tests.governance.live import Scene

pytestmark = [pytest.mark.node, pytest.mark.slow]


class Voted:
    """A vote on the venue, and the one certificate of it at the head."""

    def __init__(self, scene: Scene) -> None:
        lab = scene.lab
        proposal = lab.propose("# Raise the leverage")
        lab.open_voting(proposal)
        lab.vote("Ada", proposal, Support.FOR, "because")
        lab.vote("Fumiko", proposal, Support.AGAINST)
        lab.vote("Chidi", proposal, Support.ABSTAIN)
        # Checkpoints after the snapshot, several for one of them.
        for name in ("Chidi", "Ada") * 3:
            # What is estimated in the block of a checkpoint would not pay for another one.
            lab.mine(1)
            lab.gov.delegate(lab.actor("Ada"), lab.actor(name).address)
        scene.sync()
        self.scene = scene
        self.row = scene.row(proposal)
        head = asking.head_of(scene.chain)
        assert head is not None
        self.head = head
        self.asked: list[int] = []
        self.through(self._counting)
        self.first = self.certificate()

    def certificate(self) -> bytes:
        """What is made of it now; fails unless all of it is proven. Says how many slots it took."""
        self.asked.clear()
        data, evidence = witnesses.certificate(self.row, self.head)
        assert not evidence.missing
        return data

    def through(self, middleware: Any, *letters: str) -> None:
        """Put a middleware before endpoints, those of all letters if none is given."""
        endpoints = self.scene.lab.gateway.endpoints
        for letter in letters or "ab":
            name = f"{self.scene.lab.name}-{letter}"
            middlewares = (*endpoints[name].middlewares, middleware)
            endpoints[name] = replace(endpoints[name], middlewares=middlewares)

    async def _counting(self, exchange: Exchange, handler: Handler) -> Reply:
        self.asked += [
            len(call["params"][1]) for call in exchange.calls if call["method"] == "eth_getProof"
        ]
        return await handler(exchange)


@pytest.fixture
def voted(venue: Scene, monkeypatch: pytest.MonkeyPatch) -> Voted:
    monkeypatch.setattr(layouts, "_found", {})
    return Voted(venue)


def test_it_makes_no_difference_how_it_is_asked_and_checked(
    voted: Voted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In small requests, several at once; by the compiled checks, and where there are none."""
    monkeypatch.setattr(proven_state, "SLOTS_AT_ONCE", 3)
    monkeypatch.setattr(proven_state, "IN_FLIGHT", 4)
    assert voted.certificate() == voted.first
    assert max(voted.asked) == 3
    monkeypatch.setattr(proven_state, "COMPILED_FROM", 0)
    assert voted.certificate() == voted.first
    monkeypatch.undo()

    from proofs.chain import getproof_batch

    def none() -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(proven_state, "COMPILED_FROM", 0)
        patch.setattr(getproof_batch, "loops", none)
        assert voted.certificate() == voted.first


def test_without_compiled_checks_it_says_so_and_goes_on(
    voted: Voted, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from proofs.chain import getproof_batch

    monkeypatch.setattr(proven_state, "COMPILED_FROM", 0)
    monkeypatch.setattr(sys, "byteorder", "big")
    getproof_batch.loops.cache_clear()
    try:
        with pytest.warns(SlowBatch, match="checked one by one"):
            assert voted.certificate() == voted.first
    finally:
        getproof_batch.loops.cache_clear()


def test_a_node_that_proves_little_at_once_is_asked_for_less(
    voted: Voted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def few(exchange: Exchange, handler: Handler) -> Reply:
        for call in exchange.calls:
            if call["method"] == "eth_getProof" and len(call["params"][1]) > 8:
                return failure(exchange, 200, -32602, "too many slots")
        return await handler(exchange)

    voted.through(few)
    monkeypatch.setattr(proven_state, "FEWEST_AT_ONCE", 4)
    assert voted.certificate() == voted.first
    refused = [count for count in voted.asked if count > 8]
    assert refused
    assert len(refused) < len(voted.asked) / 2, "what was learned is kept"


def lying(change: Callable[[dict[str, Any]], None]) -> Any:
    """A middleware that changes results of eth_getProof about more than two slots."""

    async def middleware(exchange: Exchange, handler: Handler) -> Reply:
        reply = await handler(exchange)
        if all(call["method"] != "eth_getProof" for call in exchange.calls):
            return reply
        found = json.loads(reply.body)
        if "result" in found and len(found["result"]["storageProof"]) > 2:
            change(found["result"])
        return Reply(reply.status, json.dumps(found).encode())

    return middleware


def flip(result: dict[str, Any]) -> None:
    nodes = result["storageProof"][1]["proof"]
    nodes[-1] = nodes[-1][:-1] + ("0" if nodes[-1][-1] != "0" else "1")


def drop(result: dict[str, Any]) -> None:
    result["storageProof"].pop()


def swap(result: dict[str, Any]) -> None:
    rows = result["storageProof"]
    rows[0]["proof"], rows[1]["proof"] = rows[1]["proof"], rows[0]["proof"]


@pytest.mark.parametrize("compiled_from", [0, 10_000])
@pytest.mark.parametrize("change", [flip, drop, swap])
def test_who_gives_proofs_that_do_not_hold_is_passed_over(
    voted: Voted,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, Any]], None],
    compiled_from: int,
) -> None:
    monkeypatch.setattr(proven_state, "COMPILED_FROM", compiled_from)
    voted.through(lying(change), "a")
    assert voted.certificate() == voted.first
    liar, honest = pool_of(voted.scene.chain).sources
    assert "gave a proof that does not hold" in liar.last_error
    assert not honest.last_error


def test_rows_that_are_wrong_cost_a_search_and_change_nothing(
    voted: Voted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our rows say where to look; what is there the proofs say."""
    searched: list[int] = []
    places = proven_state.ProvenState.places

    def counted(state: Any, address: bytes, histories: Any, timepoint: int) -> Any:
        searched.append(len(histories))
        return places(state, address, histories, timepoint)

    monkeypatch.setattr(proven_state.ProvenState, "places", counted)
    assert voted.certificate() == voted.first
    # The quorum's two histories are searched for; those of voters are told.
    assert searched == [1, 1]
    for change in ("lost", "made up", "misdated"):
        searched.clear()
        rows = Checkpoint.objects.filter(delegate=voted.scene.lab.actor("Ada").address)
        one = rows.earliest("block_number")
        if change == "lost":
            Checkpoint.objects.filter(pk=one.pk).delete()
        elif change == "made up":
            one.pk, one.log_index, one.timestamp = None, one.log_index + 1_000, one.timestamp + 1
            one.save(force_insert=True)
        else:
            Checkpoint.objects.filter(pk=one.pk).update(timestamp=2**40)
        assert voted.certificate() == voted.first, change
        assert searched == [1, 1, 1], change
        if change == "lost":
            one.save(force_insert=True)
        elif change == "made up":
            one.delete()
    Checkpoint.objects.all().delete()
    assert voted.certificate() == voted.first


def test_rows_tell_the_places_of_all_voters(voted: Voted) -> None:
    """Else the search would do the work, and nobody would notice."""
    token, chain = voted.scene.contracts["token"], voted.scene.lab
    names = [bytes.fromhex(chain.actor(name).address[2:]) for name in ("Ada", "Chidi", "Fumiko")]
    found = voter_places.told(
        token,
        witnesses.Gathering(voted.row, voted.head).clock_mode,
        [*names, bytes(20)],
        snapshot=voted.row.vote_start,
        anchor=voted.head.number,
    )
    assert set(found) == set(names), "who has no rows is not told of"
    state = proven_state.ProvenState(voted.scene.chain, voted.head)
    layout = witnesses.Gathering(voted.row, voted.head).layouts.token(token)
    histories = [layout.history_of(name) for name in names]
    address = bytes.fromhex(token.address[2:])
    places = state.places(address, histories, voted.row.vote_start)
    assert [tuple(found[name]) for name in names] == places
    assert found[names[0]].length == 7


def test_a_layout_is_found_once_and_tried_again_before_it_is_used(voted: Voted) -> None:
    state = proven_state.ProvenState(voted.scene.chain, voted.head)
    assert layouts._found
    full, kept = sum(voted.asked), dict(layouts._found)
    assert voted.certificate() == voted.first
    assert sum(voted.asked) < full / 4
    assert layouts._found == kept
    # One that is wrong is not believed for being kept, on this code or on another.
    for (code, what), layout in kept.items():
        if isinstance(layout, TokenLayout):
            layouts._found[code, what] = oz5_token(1, 2)
        elif isinstance(layout, CountingLayout):
            layouts._found[code, what] = CountingLayout(CountingForm.FRACTIONAL, 1)
    assert layouts._found != kept
    assert voted.certificate() == voted.first
    assert layouts._found == kept
    layouts._found.clear()
    layouts._found.update({(replace(code, code_hash=bytes(32)), what): 0 for code, what in kept})
    assert voted.certificate() == voted.first
    assert state.block == voted.head


def test_receipts_are_asked_for_where_the_journal_has_none(voted: Voted, tmp_path: Path) -> None:
    from chainsync.models import BlockReceipts

    BlockReceipts.objects.all().delete()
    assert voted.certificate() == voted.first


def test_leaves_that_a_node_lists_and_inlines_are_no_witnesses(voted: Voted) -> None:
    """Two slots whose hashed keys share nine nibbles: what is left of their leaves is so short that
    it stands in the branch. anvil, as reth, lists it once more; a set of nodes has it once."""
    lab, slots = voted.scene.lab, (247_476, 515_151)
    address = bytes.fromhex("77" * 20)
    for word, slot in enumerate(slots, 1):
        where = ("0x" + address.hex(), f"0x{slot:064x}", f"0x{word:064x}")
        lab.node.call("anvil_setStorageAt", *where)
    lab.mine(1)
    voted.scene.sync()
    head = asking.head_of(voted.scene.chain)
    assert head is not None
    listed = lab.node.call(
        "eth_getProof", "0x" + address.hex(), [f"0x{slots[0]:064x}"], hex(head.number)
    )
    assert [len(node) // 2 - 1 for node in listed["storageProof"][0]["proof"]][-1] < 32
    for compiled_from in (0, 10_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(proven_state, "COMPILED_FROM", compiled_from)
            state = proven_state.ProvenState(voted.scene.chain, head)
            words = state.words(address, slots)
        assert [int.from_bytes(words[slot]) for slot in slots] == [1, 2]
        nodes = node_set(state.nodes(address, slots))
        root = state.account(address).storage_root
        assert proving.words("test", root, slots, nodes, Zeros(kept=False)) == dict(words)
