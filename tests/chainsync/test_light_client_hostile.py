"""Whatever a beacon endpoint says that does not hold is refused, named, and asked of another."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from chainsync.light_client import rest, standing
from chainsync.models import LightClient
from charter.models import Beacon, BeaconEndpoint, Chain
from proofs.statements.light_client_data import Update
from tests.chainsync.beacon_node import (
    FORM,
    BeaconNode,
    Cut,
    Reply,
    answer,
    at,
    go,
    node_at,
    serving,
)
from tests.proofs.light_client_chain import PERIOD, bootstrap, plain, update

pytestmark = pytest.mark.django_db

Spoil = Callable[[str, int, bytes], Reply]


def everywhere(reply: Callable[[bytes], Reply]) -> Spoil:
    return lambda path, status, body: reply(body)


def finality(given: Update) -> Spoil:
    """Serve this update as the newest."""
    body = json.dumps(answer(FORM.finality_update, given)).encode()
    return lambda path, status, honest: (
        (200, body) if path.partition("?")[0].endswith("/finality_update") else (status, honest)
    )


def changed(change: Callable[[str], str]) -> Spoil:
    return lambda path, status, body: (status, change(body.decode()).encode())


def other_state(given: Update) -> Update:
    """An update whose finalized execution block was replaced by another one."""
    return replace(given, finalized_header=plain(23))


GOOD = update(40, 24)
ANSWERS: dict[str, tuple[Spoil, str]] = {
    "nothing there": (everywhere(lambda _: (404, b"{}")), "has nothing to begin with"),
    "a server's error": (everywhere(lambda _: (503, b"busy")), "answered HTTP 503"),
    "too often": (everywhere(lambda _: (429, b"")), "asks us to slow down (HTTP 429)"),
    "led elsewhere": (everywhere(lambda _: (302, b"")), "answered HTTP 302"),
    "cut": (everywhere(lambda body: (200, Cut(body))), "broke off"),
    "huge": (
        everywhere(lambda body: (200, body + b" " * (rest.MAX_BYTES * 17))),
        "sent more than 524288 bytes",
    ),
    "HTML": (everywhere(lambda _: (200, b"<html>Sign in</html>")), "did not answer as beacon"),
    "nothing": (everywhere(lambda _: (200, b"")), "did not answer as beacon nodes do"),
    "half of it": (everywhere(lambda body: (200, body[:-9])), "did not answer as beacon nodes do"),
    "nested": (everywhere(lambda _: (200, b"[" * 100_000)), "It is nested too deeply"),
    "another shape": (everywhere(lambda _: (200, b'{"data": 7}')), "did not answer as beacon"),
    "no object": (everywhere(lambda _: (200, b'{"version":"electra","data":7}')), "NotSsz"),
    "a fork to come": (changed(lambda text: text.replace("electra", "gloas")), "UnknownFork"),
    "another fork": (changed(lambda text: text.replace("electra", "deneb")), "NotSsz"),
    "a number of words": (
        changed(lambda text: text.replace('"signature_slot": "41"', '"signature_slot": "soon"')),
        "NotSsz",
    ),
    "a slot to come": (finality(update(60, 24)), "FutureSlot"),
    "a gap": (finality(update(2 * PERIOD + 1, 24)), "FutureSlot"),
    "of another committee": (finality(update(40, 24, by_period=1)), "InvalidSignature"),
    "nobody's": (finality(update(40, 24, signers=[])), "NothingToVerify"),
    "swapped": (
        finality(replace(GOOD, sync_aggregate=update(41, 25).sync_aggregate)),
        "InvalidSignature",
    ),
    "another finalized block": (finality(other_state(GOOD)), "BranchMismatch"),
    "unproven": (finality(replace(GOOD, finality_branch=(bytes(32),) * 7)), "UnprovenPart"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_does_not_hold_is_refused_and_another_endpoint_is_asked(
    l1: Chain,
    beacon: BeaconNode,
    name: str,
) -> None:
    spoil, said = ANSWERS[name]
    beacon.go_to(40, finalized=24)
    beacon.spoil = spoil
    row = go(42)
    told = row.refused + row.silence
    assert said in told, told
    assert told.startswith("l1-beacon"), "it is named"
    assert "127.0.0.1" not in told
    assert "hush" not in told
    assert row.signed_number is None
    assert row.silent_since is not None
    assert standing.certified(l1) is None

    with serving(node_at(8)) as honest:
        honest.go_to(40, finalized=24)
        BeaconEndpoint.objects.create(
            beacon=Beacon.objects.get(), name="l1-honest", url=honest.url, position=1
        )
        row = go(43)
    assert said in row.refused + row.silence, "and stays named"
    assert (row.signed_slot, row.silent_since) == (24, None)


def test_who_holds_finality_back_does_not_hold_it_from_the_next(
    l1: Chain,
    beacon: BeaconNode,
) -> None:
    """Everything that it says holds, and is old."""
    beacon.go_to(40, finalized=24)
    go(42)
    with serving(node_at(8)) as honest:
        honest.go_to(100, finalized=84)
        BeaconEndpoint.objects.create(
            beacon=Beacon.objects.get(), name="l1-honest", url=honest.url, position=1
        )
        assert go(102).signed_slot == 84
        beacon.go_to(108, finalized=92)
        before = len(honest.asked)
        assert go(110).signed_slot == 92
        assert len(honest.asked) == before, "where the first is fresh the second is left alone"


def test_a_bootstrap_of_another_block_or_of_the_future_begins_nothing(
    l1: Chain,
    beacon: BeaconNode,
) -> None:
    body = json.dumps(answer(FORM.bootstrap, bootstrap(16))).encode()
    beacon.spoil = lambda path, status, honest: (
        (200, body) if "/bootstrap/" in path else (status, honest)
    )
    assert "HashMismatch" in go(42).refused
    beacon.spoil = None
    assert "The checkpoint is of slot 8, and it is 7. (FutureSlot)" in go(7).refused
    row = LightClient.objects.get()
    assert (row.record, row.begun_at) == (None, None)
    beacon.finality = None
    assert go(9).begun_at is not None, "what was proven is kept although the rest failed"


def test_a_checkpoint_that_no_node_has_any_more_is_said(
    l1: Chain,
    beacon: BeaconNode,
) -> None:
    Beacon.objects.update(checkpoint="0x" + "ab" * 32)
    assert "it may be too old for this node" in go(42).silence
    assert "it may be too old for this node" in standing.why_not(l1)


def test_an_address_that_cannot_be_used_is_told_without_it(l1: Chain) -> None:
    BeaconEndpoint.objects.update(url="${SURELY_UNSET_BEACON}")
    assert "SURELY_UNSET_BEACON, which is not set" in go(42).silence
    BeaconEndpoint.objects.update(url="ftp://hush.example.org")
    row = go(43)
    assert "l1-beacon cannot be asked: the URL is not an http or https address" in row.silence
    assert "hush" not in row.silence
    assert row.silent_since is not None
    assert row.silent_since.timestamp() == at(42), "since when it is silent stays"


def test_more_updates_than_were_asked_for_are_no_answer(
    l1: Chain,
    beacon: BeaconNode,
) -> None:
    beacon.go_to(50, finalized=34)
    one = json.dumps(answer(FORM.update, beacon.updates[0]))
    many = f"[{', '.join([one] * 9)}]".encode()
    beacon.spoil = lambda path, status, body: (200, many) if "/updates" in path else (status, body)
    assert "gave 9 updates where 1 were asked" in go(52).refused
