"""Shards are read as they are written, and whatever has another form is refused by its place."""

from __future__ import annotations

from typing import Any

import pytest
from made_certificate import ADA, BEN, Made

from proofs.certificate import witnesses
from proofs.certificate.refusals import Disordered, MalformedCertificate, PartRefused, TooLarge
from proofs.certificate.witnesses import (
    BlockReceipts,
    Checkpoint,
    History,
    Power,
    Powers,
    Reading,
    State,
    Storage,
    Used,
)
from proofs.certificate.writing import write
from proofs.chain import rlp

NODES = (b"\x01", b"\x02\x03")
NUMBER = b"\x05"


def test_what_is_written_is_read() -> None:
    power = Power(ADA, Checkpoint(3, 0))
    for one, written, read in (
        (State(b"header", NODES), witnesses.write_state, Reading.state),
        (Storage(None, NODES), witnesses.write_storage, Reading.storage),
        (Storage(Checkpoint(7, None), NODES), witnesses.write_storage, Reading.storage),
        (History(9, NODES, (), (0, 300)), witnesses.write_history, Reading.history),
        ([b"one", b"two"], witnesses.write_headers, Reading.headers),
        ([BlockReceipts(0, NODES, (0, 128))], witnesses.write_receipts, Reading.receipts),
        (Powers((power,), NODES), witnesses.write_powers, Reading.powers),
        (Used((ADA, BEN), NODES), witnesses.write_used, Reading.used),
    ):
        assert read(Reading("shard", written(one))) == one  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("read", "item"),
    [
        (Reading.state, b"bytes"),
        (Reading.state, [b"header"]),
        (Reading.state, [[b"header"], []]),
        (Reading.state, [b"header", b"nodes"]),
        (Reading.state, [b"header", [[b"node"]]]),
        (Reading.storage, [b"", []]),
        (Reading.storage, [[NUMBER], []]),
        (Reading.storage, [[b"\x00", b""], []]),
        (Reading.storage, [[bytes([1]) * 9, b""], []]),
        (Reading.storage, [[[], b""], []]),
        (Reading.history, [NUMBER, [], []]),
        (Reading.history, [NUMBER, [], [], []]),
        (Reading.headers, []),
        (Reading.headers, [[b"header"]]),
        (Reading.receipts, []),
        (Reading.receipts, [[NUMBER, [], []]]),
        (Reading.receipts, [[NUMBER, []]]),
        (Reading.powers, [[], []]),
        (Reading.powers, [[[ADA, NUMBER]], []]),
        (Reading.powers, [[[ADA[:19], NUMBER, NUMBER]], []]),
        (Reading.used, [[], []]),
        (Reading.used, [[ADA + b"\x01"], []]),
        (Reading.used, [[[ADA]], []]),
    ],
)
def test_another_form_is_refused(read: Any, item: Any) -> None:
    with pytest.raises(MalformedCertificate) as caught:
        read(Reading("shard 4", rlp.encode(item)))
    assert caught.value.item == "shard 4"
    assert caught.value.place


@pytest.mark.parametrize(
    ("read", "item"),
    [
        (Reading.state, [b"header", [b"\x02", b"\x01"]]),
        (Reading.state, [b"header", [b"\x01", b"\x01"]]),
        (Reading.history, [NUMBER, [], [], [b"\x02", b"\x01"]]),
        (Reading.receipts, [[NUMBER, [], [b"\x01", b"\x01"]]]),
    ],
)
def test_another_order_is_refused(read: Any, item: Any) -> None:
    with pytest.raises(Disordered):
        read(Reading("shard", rlp.encode(item)))


def test_what_is_no_rlp_is_refused() -> None:
    with pytest.raises(PartRefused):
        Reading("shard", b"\xc1")


def test_what_exceeds_a_limit_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofs.certificate.writing.MAX_SHARD_BYTES", 2_000)
    with pytest.raises(TooLarge, match="shard 4"):
        b"".join(write(Made().evidence()))
    monkeypatch.setattr("proofs.certificate.writing.MAX_SHARDS", 7)
    with pytest.raises(TooLarge, match="they would be 8"):
        b"".join(write(Made().evidence()))
