"""A certificate that comes from a server, shard by shard, gets the verdict that its file gets."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from certificate_changes import CERTIFICATES, CHANGES, cut, flipped, there
from made_certificate import ADA, CLEO, Made
from taken_apart import apart

from tools.node import find_node

HERE = Path(__file__).parent
TRIES, AHEAD = 5, 3
Misbehaving = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Gives out `server.bodies` by path; `server.faults` may answer in another way."""

    protocol_version = "HTTP/1.1"
    server: Shop

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        body = self.server.bodies.get(path)
        if body is None:
            return self.refuse(404, "This certificate is not kept any more.")
        fault = self.server.faults.get(path)
        return fault(self, body) if fault else self.give(body)

    def give(self, body: bytes, promised: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, words: str) -> None:
        body = json.dumps({"error": {"code": "x", "message": words, "hint": ""}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called there
        pass


class Shop(ThreadingHTTPServer):
    """Certificates to be had at `/<name>`, their shards below."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: dict[str, bytes] = {}
        self.faults: dict[str, Misbehaving] = {}
        self.asked: Counter[str] = Counter()

    def offer(self, name: str, data: bytes) -> dict[str, Any]:
        """Put a certificate up; what node is to be told to check it."""
        first, line, _ = data.split(b"\n", 2)
        head, shards = apart(data)
        self.bodies[f"/{name}"] = first + b"\n" + line + b"\n"
        for shard, content in zip(head["shards"], shards, strict=True):
            self.bodies[f"/{name}/{shard['hash']}"] = content
        return {"url": f"http://127.0.0.1:{self.server_port}/{name}"}

    def spoil(self, name: str, kind: str, fault: Misbehaving) -> str:
        """Have the first shard of a kind answered otherwise; its path."""
        head = json.loads(self.bodies[f"/{name}"].split(b"\n")[1])
        shard = next(one for one in head["shards"] if one["kind"] == kind)
        path = f"/{name}/{shard['hash']}"
        self.faults[path] = fault
        return path


@pytest.fixture
def shop() -> Iterator[Shop]:
    with opened() as server:
        yield server


@contextmanager
def opened() -> Iterator[Shop]:
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def checked(asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What node says of what a server offers."""
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    command = [str(find_node().node), str(HERE / "served_certificates.mjs")]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def without_pace(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ahead"}


def test_what_a_server_gives_is_found_as_in_the_file(shop: Shop) -> None:
    offers = [shop.offer(f"c{at}", data) for at, data in enumerate(CERTIFICATES.values())]
    answers = checked(offers)
    assert [without_pace(one) for one in answers] == there(list(CERTIFICATES.values()))
    assert all(0 < one["ahead"] <= AHEAD + 1 for one in answers)
    assert set(shop.asked.values()) == {1}, "everything was fetched, and once"


def test_every_change_gets_the_verdict_that_it_gets_in_a_file(shop: Shop) -> None:
    draw = random.Random(4)
    offers, files, sizes = [], [], []
    for change in CHANGES:
        if change in (flipped, cut):
            continue  # of a file as a whole; what they do to a shard is below
        for at in range(15):
            data = change(draw, draw.choice(list(CERTIFICATES.values())))
            head, shards = apart_leniently(data)
            if head is None:
                continue
            offers.append(shop.offer(f"{change.__name__}{at}", data))
            files.append(data)
            sizes.append([int(one["size"]) for one in head["shards"]] == [*map(len, shards)])
    assert len(offers) > 50
    for answer, file, sound in zip(checked(offers), there(files), sizes, strict=True):
        if sound:
            assert without_pace(answer) == file
        else:
            assert (answer["exit"], answer["holds"]) == (file["exit"], file["holds"])


def apart_leniently(data: bytes) -> tuple[Any, list[bytes]]:
    """As `apart`; None where the head does not say where its shards are."""
    with suppress(ValueError, TypeError, KeyError, AssertionError, AttributeError):
        head, shards = apart(data)
        if all(isinstance(one["hash"], str) for one in head["shards"]):
            return head, shards
    return None, []


def test_a_spoiled_shard_is_refused_by_its_name(shop: Shop) -> None:
    def flip(handler: Handler, body: bytes) -> None:
        handler.give(bytes([body[0] ^ 1]) + body[1:])

    def other(handler: Handler, body: bytes) -> None:
        handler.give(next(one for one in handler.server.bodies.values() if one != body))

    def longer(handler: Handler, body: bytes) -> None:
        handler.give(body + b"\0")

    offers = []
    for at, (kind, fault) in enumerate(
        [("receipts", flip), ("used", flip), ("powers", other), ("state", longer), ("code", longer)]
    ):
        offers.append(shop.offer(f"c{at}", CERTIFICATES["linked"]))
        shop.spoil(f"c{at}", kind, fault)
    for answer in checked(offers):
        assert (answer["holds"], answer["refusal"]) == (False, "WrongHash")


def test_bodies_without_end_are_let_go(shop: Shop) -> None:
    def endless(handler: Handler, body: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            handler.wfile.write(body)
            while True:
                handler.wfile.write(b"a" * 65_536)

    offers = [shop.offer(name, CERTIFICATES["linked"]) for name in ("shard", "head")]
    shop.spoil("shard", "receipts", endless)
    shop.bodies["/head"] = CERTIFICATES["linked"][:90]
    shop.faults["/head"] = endless
    of_shard, of_head = checked(offers)
    assert of_shard["refusal"] == "WrongHash"
    assert of_head["refusal"] == "TooLarge"


def test_a_server_that_stumbles_is_asked_again(shop: Shop) -> None:
    def busy(handler: Handler, body: bytes) -> None:
        if handler.server.asked[handler.path] < 3:
            return handler.refuse(503, "In a moment.")
        return handler.give(body)

    def breaks_off(handler: Handler, body: bytes) -> None:
        if handler.server.asked[handler.path] < 2:
            handler.give(body[: len(body) // 2], promised=len(body))
            handler.close_connection = True
            return None
        return handler.give(body)

    offer = shop.offer("c", CERTIFICATES["hopped"])
    paths = [shop.spoil("c", "state", breaks_off), shop.spoil("c", "receipts", busy)]
    (answer,) = checked([offer])
    assert without_pace(answer) == there([CERTIFICATES["hopped"]])[0]
    assert [shop.asked[path] for path in paths] == [2, 3]


def test_what_cannot_be_had_is_no_verdict(shop: Shop) -> None:
    offers = [shop.offer(name, CERTIFICATES["linked"]) for name in ("gone", "down")]
    gone = shop.spoil("gone", "receipts", lambda handler, _: handler.refuse(404, "It was pruned."))
    down = shop.spoil("down", "used", lambda handler, _: handler.refuse(500, "It is broken."))
    offers.append({"url": offers[0]["url"] + "-never"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        offers.append({"url": f"http://127.0.0.1:{silent.getsockname()[1]}/closed"})
    answers = [without_pace(answer) for answer in checked(offers)]
    assert answers == [
        {"unavailable": "It was pruned."},
        {"unavailable": "It is broken."},
        {"unavailable": "This certificate is not kept any more."},
        {"unavailable": "The server cannot be reached."},
    ]
    assert (shop.asked[gone], shop.asked[down]) == (1, TRIES)


def test_a_watched_voter_changes_no_verdict_and_is_told_from_the_witnesses_alone(
    shop: Shop,
) -> None:
    cleo, nobody = "0x" + CLEO.hex(), "0x" + "9" * 40
    offers = []
    for at, data in enumerate(CERTIFICATES.values()):
        offers += [shop.offer(f"c{at}", data) | {"watch": who} for who in (cleo, nobody)]
    answers = checked(offers)
    plain = there(list(CERTIFICATES.values()))
    for at, name in enumerate(CERTIFICATES):
        for answer in answers[2 * at : 2 * at + 2]:
            watched = answer.pop("watched")
            assert without_pace(answer) == plain[at]
            assert (watched is None) == (name == "totals")
            for sums in (watched or {}).get("sums", {}).values():
                assert int(sums["own"]) + int(sums["others"]) == int(sums["total"])
    (linked,) = checked([shop.offer("again", CERTIFICATES["linked"]) | {"watch": cleo.upper()}])
    found = linked["watched"]
    assert [(one["block"], one["receipt"], one["log"]) for one in found["votes"]] == [
        ("20004", "1", 1),
        ("20007", "1", 1),
    ]
    assert [one["path"] for one in found["votes"]] == [
        {"parents": 8, "hops": []},
        {"parents": 5, "hops": []},
    ]
    assert found["sums"]["abstain"] == {"own": "70", "others": "0", "total": "70"}
    assert (found["weight"], found["others"]) == ("100", 3)
    assert (found["power"]["value"], found["power"]["length"], found["power"]["after"]) == (
        "100",
        "1",
        "1",
    )
    assert int(found["used"]["word"], 16) == 100
    kinds = [one["kind"] for one in apart(CERTIFICATES["linked"])[0]["shards"]]
    shards = [found["power"], found["used"], *found["votes"]]
    assert [kinds[one["shard"]] for one in shards] == ["powers", "used", "receipts", "receipts"]


def test_paths_over_the_history_and_absent_voters_are_told(shop: Shop) -> None:
    ada, absent = "0x" + ADA.hex(), "0x" + "0" * 40
    offers = [
        shop.offer(name, Made(hop=True).write()) | {"watch": who}
        for name, who in (("a", ada), ("b", absent))
    ]
    voted, not_voted = (one["watched"] for one in checked(offers))
    assert voted["votes"][0]["path"] == {"parents": 0, "hops": ["20012"]}
    assert (not_voted["votes"], not_voted["power"], not_voted["others"]) == ([], None, 4)
    assert {name: one["own"] for name, one in not_voted["sums"].items()} == dict.fromkeys(
        ("for", "against", "abstain"), "0"
    )
