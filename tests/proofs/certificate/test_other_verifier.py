"""The verifier in JavaScript, written from docs/certificate.md alone, agrees with the one here."""

from __future__ import annotations

import io
import json
import random
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from certificate_changes import CERTIFICATES, CHANGES, there
from certificate_shards import simple
from made_certificate import ADA, BEN, CLEO, FIRST_BLOCK, POWERS, VOTES, Cast, Made
from taken_apart import apart, sealed

from proofs.__main__ import main
from proofs.certificate import tallying
from proofs.chain import rlp
from tools.node import find_node

COMMAND = Path(__file__).resolve().parents[3] / "static" / "js" / "verifier" / "command.js"


def here(data: bytes, path: Path) -> dict[str, Any]:
    """What `python -m proofs verify --json` says, with its exit code as `exit`."""
    path.write_bytes(data)
    out = io.StringIO()
    code = main(["verify", str(path), "--json"], out)
    return json.loads(out.getvalue()) | {"exit": code}


def test_both_find_the_same_in_what_holds(tmp_path: Path) -> None:
    answers = there(list(CERTIFICATES.values()))
    for (name, data), other in zip(CERTIFICATES.items(), answers, strict=True):
        own = here(data, tmp_path / "certificate")
        for part in ("exit", "holds", "proven", "root", "chain", "anchor", "result", "steps"):
            assert own[part] == other[part], (name, part)
    assert {answer["exit"] for answer in answers} == {0, 3}


def test_both_judge_every_change_alike(tmp_path: Path) -> None:
    draw = random.Random(20)
    sources = list(CERTIFICATES.values())
    changed = [
        (change.__name__, change(draw, draw.choice(sources)))
        for change, times in CHANGES.items()
        for _ in range(times)
    ]
    refused = 0
    for (change, data), other in zip(changed, there([data for _, data in changed]), strict=True):
        own = here(data, tmp_path / "certificate")
        told = f"{change}: {own.get('message')} / {other.get('message')}"
        assert (own["exit"], own["holds"]) == (other["exit"], other["holds"]), told
        if own["holds"]:
            assert own["result"] == other["result"], told
        else:
            refused += 1
    # Some changes are none, as when a slot without anything is named in the place of another.
    assert refused > 0.9 * len(changed)


def test_a_history_said_to_be_longer_than_it_is_is_refused_by_both(tmp_path: Path) -> None:
    forged = []
    for kind in ("governor", "token"):
        head, shards = apart(CERTIFICATES["all or nothing"])
        at = [shard["kind"] for shard in head["shards"]].index(kind)
        item: Any = rlp.decode(shards[at])
        for claim in (2, 9, 77):
            item[0][0] = bytes([claim])
            shards[at] = rlp.encode(item)
            forged.append(sealed(head, shards))
    # The checkpoint that would come next is proven absent by the nodes that are there anyway.
    for answer in [here(data, tmp_path / "certificate") for data in forged] + there(forged):
        assert (answer["exit"], answer["refusal"]) == (1, "ClaimMismatch")


def test_votes_that_do_not_add_up_and_powers_that_do_not_suffice_are_refused_by_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies = {
        "SumMismatch": [
            Made(votes=VOTES[1:]),
            Made(votes=(*VOTES, Cast(BEN, 2, 5, 9))),
            Made(votes=(Cast(ADA, 0, 700, 2), *VOTES[1:])),
        ],
        "PowerMismatch": [
            Made(powers=POWERS | {ADA: [(900_000, 699)]}),
            Made(used={ADA: 700, BEN: 299, CLEO: 100}),
            simple(powers={ADA: [(1, 701)], BEN: POWERS[BEN]}),
            simple(used={ADA: 700, BEN: 300}),
        ],
    }
    # An issuer that does not look at what it writes.
    with monkeypatch.context() as careless:
        careless.setattr(tallying, "_check_outcome", lambda found: None)
        forged = [(kind, made.write()) for kind, all_made in lies.items() for made in all_made]
    for (kind, data), other in zip(forged, there([data for _, data in forged]), strict=True):
        assert here(data, tmp_path / "certificate")["refusal"] == other["refusal"] == kind


def test_a_node_or_a_header_too_many_and_another_root_are_refused_by_both(tmp_path: Path) -> None:
    data = CERTIFICATES["linked"]
    forged = {"WrongHash": data.replace(data[23:87], b"00" * 32, 1)}
    head, shards = apart(data)
    kinds = [shard["kind"] for shard in head["shards"]]
    governor: Any = rlp.decode(shards[kinds.index("governor")])
    governor[1] = sorted([*governor[1], rlp.encode([b"\x20", b"\x01" * 40])])
    changed = list(shards)
    changed[kinds.index("governor")] = rlp.encode(governor)
    forged["PartRefused"] = sealed(head, changed)
    headers: Any = rlp.decode(shards[kinds.index("headers")])
    headers.append(Made().blocks()[0][FIRST_BLOCK + min(vote.block for vote in VOTES) - 1])
    changed = list(shards)
    changed[kinds.index("headers")] = rlp.encode(headers)
    forged["UnusedWitness"] = sealed(head, changed)
    for (kind, file), other in zip(forged.items(), there(list(forged.values())), strict=True):
        assert here(file, tmp_path / "certificate")["refusal"] == other["refusal"] == kind


def test_the_command_ends_as_the_page_says(tmp_path: Path) -> None:
    file = tmp_path / "tally.certificate"

    def ended(data: bytes, *arguments: str) -> tuple[int, str, str]:
        file.write_bytes(data)
        command = [str(find_node().node), str(COMMAND), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    code, told, _ = ended(CERTIFICATES["linked"], str(file), "--json")
    root = json.loads(told)["root"]
    assert (code, json.loads(told)["proven"]) == (0, True)
    code, told, _ = ended(CERTIFICATES["linked"], str(file), "--root", root)
    assert (code, told.splitlines()[-1]) == (0, "The tally is proven.")
    assert ended(CERTIFICATES["counted"], str(file))[0] == 3
    code, told, _ = ended(CERTIFICATES["hopped"], str(file), "--root", root)
    assert (code, "WrongHash" in told) == (1, True)
    assert ended(b"", str(file))[0] == 1
    for wrong in ([str(tmp_path)], [str(tmp_path / "none")], [str(file), "--root", "0x1"], []):
        code, told, said = ended(b"", *wrong)
        assert (code, told) == (2, "")
        assert said


BREAKS = """globalThis.TextDecoder = class {
  decode() {
    throw new Error("the decoder broke");
  }
};"""


def test_a_fault_of_the_program_is_told_as_one_and_not_as_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "tally.certificate"
    file.write_bytes(CERTIFICATES["linked"])
    command = [str(find_node().node), "--import", f"data:text/javascript,{quote(BREAKS)}"]
    done = subprocess.run(
        [*command, str(COMMAND), str(file)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: the decoder broke" in done.stderr
