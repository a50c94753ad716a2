"""Certificates that hold, changes that may spoil them, and what the verifier in JavaScript says."""

from __future__ import annotations

import base64
import copy
import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bravo_certificate import Bravo
from certificate_shards import simple
from made_certificate import Made
from taken_apart import apart, sealed

from proofs.chain import rlp
from tools.node import find_node

MANY = Path(__file__).parent / "certificate" / "many_certificates.mjs"
LOWER = {"powers": "No endpoint proves storage."}
WHOLE = {
    "linked": Made(),
    "hopped": Made(hop=True),
    "behind a proxy": Made(proxied=True),
    "all or nothing": simple(),
    "running": Made(deadline=2_000_000),
    "zeros kept": simple(zeros_kept=True),
    "bravo": Bravo(),
}
CERTIFICATES = {name: made.write() for name, made in WHOLE.items()}
CERTIFICATES["counted"] = Made(missing=LOWER).write()
CERTIFICATES["totals"] = Made(missing=LOWER | {"votes": "No endpoint has receipts."}).write()


def there(certificates: Sequence[bytes]) -> list[dict[str, Any]]:
    """The same of the other verifier, for all in one process."""
    lines = b"".join(base64.b64encode(data) + b"\n" for data in certificates)
    command = [str(find_node().node), str(MANY)]
    done = subprocess.run(command, input=lines, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def flipped(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[draw.randrange(len(data))] ^= draw.randint(1, 255)
    return bytes(changed)


def cut(draw: random.Random, data: bytes) -> bytes:
    return draw.choice([data[: draw.randrange(len(data))], data + b"\0"])


def with_shards_out_of_order(draw: random.Random, data: bytes) -> bytes:
    head, shards = apart(data)
    one, other = draw.sample(range(len(shards)), 2)
    for row in (shards, head["shards"]):
        row[one], row[other] = row[other], row[one]
    return sealed(head, shards)


def without_a_shard(draw: random.Random, data: bytes) -> bytes:
    head, shards = apart(data)
    at = draw.randrange(len(shards))
    if draw.random() < 0.5:
        del shards[at], head["shards"][at]
    else:
        shards.insert(at, shards[at])
        head["shards"].insert(at, head["shards"][at])
    return sealed(head, shards)


def with_another_field(draw: random.Random, data: bytes) -> bytes:
    """One value of the head is another, and the seal is right."""
    head, shards = apart(data)
    target: Any = head
    while True:
        steps = list(target) if isinstance(target, dict) else list(range(len(target)))
        step = draw.choice(steps)
        if not isinstance(target[step], dict | list) or not target[step] or draw.random() < 0.1:
            break
        target = target[step]
    value: Any = target[step]
    near: list[Any] = [{}]
    if value is not None and not isinstance(value, bool | dict):
        near = [value[:-1], value + value[:1]]
    if isinstance(value, str) and value.isdigit():
        near += [str(int(value) + 1), "0" + value, str(2**256), "0"]
    names = ["oz4", "bravo", "bravo compatible", "simple", "comp", "dydx", "blocknumber", "kept"]
    target[step] = draw.choice([*near, *near, *near, *names, None, True, False, "", "1", [], ["3"]])
    if isinstance(target, dict) and draw.random() < 0.1:
        target["more"] = target.pop(step)
    return sealed(head, shards, names=False)


def with_a_byte_of_a_shard_flipped(draw: random.Random, data: bytes) -> bytes:
    head, shards = apart(data)
    at = draw.randrange(len(shards))
    shards[at] = flipped(draw, shards[at])
    return sealed(head, shards)


def with_another_entry(draw: random.Random, data: bytes) -> bytes:
    """An entry of a shard is dropped, doubled, emptied, nested, swapped; all hashes are right."""
    head, shards = apart(data)
    at = draw.choice([at for at, name in enumerate(head["shards"]) if name["kind"] != "code"])
    item = rlp.decode(shards[at])
    inside: Any = item
    while draw.random() < 0.7:
        lists = [entry for entry in inside if isinstance(entry, list) and entry]
        if not lists:
            break
        inside = draw.choice(lists)
    one, other = draw.randrange(len(inside)), draw.randrange(len(inside))
    act = draw.choice(["drop", "double", "empty", "nest", "swap", "count"])
    if act == "drop":
        del inside[one]
    elif act == "double":
        inside.insert(one, copy.deepcopy(inside[one]))
    elif act == "swap":
        inside[one], inside[other] = inside[other], inside[one]
    elif act == "count":
        inside[one] = bytes([draw.randrange(256)])
    else:
        inside[one] = [inside[one]] if act == "nest" else b""
    shards[at] = rlp.encode(item)
    return sealed(head, shards)


CHANGES = {
    flipped: 150,
    cut: 60,
    with_shards_out_of_order: 60,
    without_a_shard: 40,
    with_another_field: 300,
    with_a_byte_of_a_shard_flipped: 200,
    with_another_entry: 250,
}
