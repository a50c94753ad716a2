"""A certificate that holds says what it proves; whatever is untrue in it is refused by name."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from certificate_shards import shard, simple, written
from made_certificate import (
    ADA,
    ANCHORED,
    DEADLINE,
    FIRST_BLOCK,
    GOVERNOR,
    PROPOSAL,
    SNAPSHOT,
    Made,
    checked,
)
from taken_apart import apart, sealed

from proofs.certificate.refusals import (
    ClaimMismatch,
    CutShort,
    MalformedCertificate,
    PartRefused,
    TooLarge,
    WrongHash,
)
from proofs.certificate.result import Reach
from proofs.certificate.writing import Evidence
from proofs.refusals import (
    MalformedWord,
    Refusal,
)
from proofs.statements.ids import proposal_key
from proofs.statements.storage.counting import CountingForm
from proofs.statements.tally import Tally

KINDS = ["state", "code", "governor", "token", "headers", "receipts", "powers", "used"]


@pytest.mark.parametrize("hop", [False, True])
def test_a_vote_is_proven_from_the_state_root_to_the_sum(hop: bool) -> None:
    data = Made(hop=hop).write()
    found = checked(data)
    assert found.proven
    assert found.reach is Reach.PROVEN
    head, _ = apart(data)
    assert [name["kind"] for name in head["shards"]] == (KINDS[:4] + ["history"] * hop + KINDS[4:])
    assert head["result"] == {
        "block": {"number": str(FIRST_BLOCK + 12), "timestamp": str(ANCHORED)},
        "clock": str(ANCHORED),
        "core": {
            "canceled": False,
            "end": str(DEADLINE),
            "eta": "0",
            "executed": False,
            "proposer": "0x" + ADA.hex(),
            "start": str(SNAPSHOT),
        },
        "count": "closing",
        "deadline": str(DEADLINE),
        "key": proposal_key(901, GOVERNOR, PROPOSAL),
        "quorum": {
            "counted": "790",
            "needed": "400",
            "numerator": "4",
            "reached": True,
            "supply": "10000",
        },
        "reach": "proven",
        "totals": {"against": "310", "for": "720", "abstain": "70"},
        "votes": {"logs": "5", "voters": "4", "weightless": "1"},
    }
    told = " ".join(step.what for step in found.steps)
    assert "720 for, 310 against, 70 abstaining" in told
    assert "5 vote events of 4 voters" in told
    assert "400 needed, 790 counted, reached" in told
    assert any(head["anchor"] in one for one in found.trusted)
    assert found.unproven == (
        "votes of no weight may be missing from the list; they change nothing",
    )


def test_the_same_witnesses_give_the_same_bytes() -> None:
    assert Made().write() == Made().write()


def test_hops_save_headers() -> None:
    linked, hopped = (len(shard(Made(hop=hop).write(), "headers").headers()) for hop in (0, 1))
    assert (linked, hopped) == (10, 4)


def test_a_running_count_says_that_it_runs() -> None:
    found = checked(Made(anchored=SNAPSHOT + 60).write())
    assert found.proven
    assert "voting was not over" in found.steps[2].what
    assert any("voting was not over" in one for one in found.unproven)


def test_parts_that_are_missing_lower_what_is_proven_and_say_why() -> None:
    no_power = {"powers": "No endpoint proves storage."}
    found = checked(Made(missing=no_power).write())
    assert (found.reach, found.proven) == (Reach.COUNTED, False)
    assert found.unproven[0] == "powers (the issuer says: No endpoint proves storage.)"
    found = checked(Made(missing=no_power | {"votes": "No receipts."}).write())
    assert (found.reach, found.proven) == (Reach.TOTALS, False)
    assert len(found.steps) == 5


def test_a_proposal_on_which_nobody_voted_is_proven() -> None:
    made = Made(votes=(), totals=Tally(), used={})
    evidence = replace(made_without_headers(made), receipts=(), links=())
    found = checked(written(evidence))
    assert found.proven
    assert apart(written(evidence))[0]["result"]["votes"]["logs"] == "0"


def made_without_headers(made: Made) -> Evidence:
    made.missing = {"votes": "none", "powers": "none"}
    return replace(made.evidence(), missing={})


def test_totals_under_overridable_counting_are_proven_but_no_list_of_votes() -> None:
    with pytest.raises(MalformedCertificate, match=r"governor\.form"):
        simple(form=CountingForm.OVERRIDABLE, missing={"powers": "x"}).write()
    missing = {"votes": "Overrides have signed terms.", "powers": "No votes."}
    found = checked(simple(form=CountingForm.OVERRIDABLE, missing=missing).write())
    assert found.reach is Reach.TOTALS


def test_leaves_of_zero_are_read_only_where_the_head_owns_to_them() -> None:
    data = simple(zeros_kept=True).write()
    found = checked(data)
    assert found.proven
    assert any("leaves of zero" in one for one in found.unproven)
    head, shards = apart(data)
    assert head["zeros"] == "kept"
    with pytest.raises(PartRefused) as caught:
        checked(sealed(head | {"zeros": "absent"}, shards))
    assert isinstance(caught.value.cause, MalformedWord)
    head, shards = apart(simple().write())
    assert head["zeros"] == "absent"
    with pytest.raises(MalformedCertificate, match="no leaf of zero"):
        checked(sealed(head | {"zeros": "kept"}, shards))


def test_large_parts_are_cut_into_shards_that_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofs.certificate.writing.SHARD_BYTES", 900)
    data = Made().write()
    kinds = [name["kind"] for name in apart(data)[0]["shards"]]
    assert kinds.count("headers") > 2
    assert kinds.count("receipts") > 1
    assert kinds.count("powers") > 1
    assert checked(data).proven


def test_claims_are_held_against_what_was_found() -> None:
    head, shards = apart(Made().write())
    forged = copy.deepcopy(head)
    forged["result"]["totals"]["for"] = "721"
    with pytest.raises(ClaimMismatch) as caught:
        checked(sealed(forged, shards))
    assert (caught.value.item, caught.value.place) == ("head", "result.totals.for")
    assert (caught.value.facts["claimed"], caught.value.facts["found"]) == ("721", "720")


def test_a_head_that_lacks_less_than_the_file_is_refused() -> None:
    head, shards = apart(Made().write())
    for missing in ({"powers": "x"}, {"votes": "x", "powers": "x"}, {"quorum": "x"}):
        with pytest.raises(MalformedCertificate):
            checked(sealed(head | {"missing": missing}, shards))
    with pytest.raises(MalformedCertificate, match="without votes"):
        checked(sealed(head | {"missing": {"votes": "x"}}, shards))


def test_limits_hold_before_anything_is_read() -> None:
    head, shards = apart(Made().write())
    huge = copy.deepcopy(head)
    huge["shards"][0]["size"] = str(2**20 + 1)
    with pytest.raises(TooLarge):
        checked(sealed(huge, shards, names=False))
    many = head | {"shards": [head["shards"][4]] * 4097}
    with pytest.raises(MalformedCertificate, match="at most 4096"):
        checked(sealed(many, shards, names=False))
    with pytest.raises(TooLarge):
        checked(sealed(head | {"result": "x" * 2**20}, shards))
    named = {"hash": "0x" + "00" * 32, "kind": "receipts", "size": str(2**20)}
    with pytest.raises(TooLarge, match="together"):
        checked(sealed(head | {"shards": head["shards"][:5] + [named] * 1025}, [], names=False))


def test_a_file_cut_short_or_going_on_is_refused() -> None:
    data = Made().write()
    for end in (0, 10, 100, 2_000, len(data) - 1):
        with pytest.raises((CutShort, MalformedCertificate)):
            checked(data[:end])
    with pytest.raises(CutShort, match="goes on"):
        checked(data + b"\0")


def test_shards_that_are_missing_swapped_or_named_wrongly_are_refused() -> None:
    data = Made().write()
    head, shards = apart(data)
    for position in range(len(shards)):
        others = {**head, "shards": head["shards"][:position] + head["shards"][position + 1 :]}
        with pytest.raises(Refusal):
            checked(sealed(others, shards[:position] + shards[position + 1 :]))
        swapped = list(shards)
        swapped[position] = bytes(len(shards[position]))
        with pytest.raises(WrongHash):
            checked(sealed(head, swapped, names=False))
    with pytest.raises(WrongHash):
        checked(data.replace(b"closing", b"running"))
