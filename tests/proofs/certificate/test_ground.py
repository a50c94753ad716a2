"""What votes stand on: the anchor, headers linked to it, code, storage, quorum."""

from __future__ import annotations

from dataclasses import replace

import pytest
from certificate_shards import shard, with_shard, written
from made_certificate import (
    DORA,
    FIRST_BLOCK,
    GOVERNOR,
    IMPLEMENTATION,
    PROXY_CODE,
    SNAPSHOT,
    TOKEN,
    VOTES,
    Cast,
    Made,
    checked,
    header,
)
from unchecked import Stored

from proofs.certificate import witnesses
from proofs.certificate.refusals import (
    BrokenLink,
    ClaimMismatch,
    Disordered,
    MalformedCertificate,
    PartRefused,
    TooLarge,
    UnusedWitness,
)
from proofs.certificate.rules import WordAt
from proofs.chain import rlp
from proofs.refusals import (
    InvalidFraction,
)
from proofs.statements.tally import Tally


def test_a_proxy_is_certified_by_the_code_behind_it_and_the_token_in_its_storage() -> None:
    assert checked(Made(proxied=True).write()).proven
    evidence = Made(proxied=True).evidence()
    rules = evidence.governor
    for contract, token in (
        (replace(rules.contract, implementation=None, implementation_code=None), rules.token),
        (replace(rules.contract, implementation=b"\x62" * 20), rules.token),
        (replace(rules.contract, implementation_code=b"\x01" * 32), rules.token),
        (rules.contract, WordAt(slot=78)),
    ):
        with pytest.raises((ClaimMismatch, PartRefused)):
            written(replace(evidence, governor=replace(rules, contract=contract, token=token)))


def test_a_header_with_another_state_root_is_not_the_anchor() -> None:
    data = Made().write()
    state = shard(data, "state").state()
    fields = rlp.decode(state.header)
    assert isinstance(fields, list)
    fields[3] = b"\x99" * 32
    forged = witnesses.write_state(state._replace(header=rlp.encode(fields)))
    with pytest.raises(ClaimMismatch, match="not the anchor"):
        checked(with_shard(data, "state", forged))


def test_headers_that_are_not_linked_are_refused() -> None:
    data = Made().write()
    headers = shard(data, "headers").headers()
    alien = header(FIRST_BLOCK + 11, b"\x77" * 32, b"\x22" * 32, SNAPSHOT + 22)
    stories = {
        BrokenLink: [headers[1:], [alien, *headers[1:]], headers[:3] + headers[4:]],
        Disordered: [headers[::-1], [headers[0], *headers]],
        UnusedWitness: [[*headers, Made().blocks()[0][FIRST_BLOCK + 1]]],
    }
    for refusal, forged in stories.items():
        for one in forged:
            with pytest.raises((refusal, BrokenLink)):
                checked(with_shard(data, "headers", witnesses.write_headers(one)))
    with pytest.raises(UnusedWitness, match=f"block {FIRST_BLOCK + 1}"):
        checked(with_shard(data, "headers", witnesses.write_headers(stories[UnusedWitness][0])))
    with pytest.raises(BrokenLink, match="not linked"):
        checked(with_shard(data, "headers", witnesses.write_headers(headers[:-1])))


def test_hops_lead_only_to_blocks_that_the_contract_still_keeps() -> None:
    evidence = Made(hop=True).evidence()
    hop, headers = evidence.links
    assert isinstance(hop, witnesses.History)
    for forged in (
        hop._replace(numbers=(*hop.numbers, FIRST_BLOCK + 12)),
        hop._replace(under=FIRST_BLOCK + 3),
        hop._replace(numbers=(hop.numbers[0] - 8191, *hop.numbers[1:])),
        hop._replace(numbers=hop.numbers[1:]),
        hop._replace(storage_nodes=hop.storage_nodes[1:]),
    ):
        with pytest.raises((BrokenLink, PartRefused)):
            written(replace(evidence, links=[forged, headers]))
    with pytest.raises(Disordered):
        written(replace(evidence, links=[hop, list(headers)[::-1]]))
    lower = replace(evidence, powers=(), used=(), missing={"powers": "Left out."})
    with pytest.raises(UnusedWitness, match="its hash is of no use"):
        written(replace(lower, links=[hop, headers[:-1]], receipts=evidence.receipts[1:]))


def test_nodes_too_many_or_too_few_are_refused() -> None:
    data = Made().write()
    governor = shard(data, "governor").storage()
    token = shard(data, "token").storage()
    extra = witnesses.node_set([*governor.nodes, *token.nodes])
    for nodes in (extra, governor.nodes[1:]):
        forged = witnesses.write_storage(governor._replace(nodes=nodes))
        with pytest.raises(PartRefused) as caught:
            checked(with_shard(data, "governor", forged))
        assert caught.value.item == "shard 2 (governor)"
    twice = witnesses.write_storage(governor._replace(nodes=(governor.nodes[0], *governor.nodes)))
    with pytest.raises(Disordered):
        checked(with_shard(data, "governor", twice))


def test_another_token_another_code_another_implementation_are_refused() -> None:
    evidence = Made().evidence()
    rules, other = evidence.governor, b"\x71" * 20
    proxied = replace(rules.contract, implementation=other, implementation_code=b"\x01" * 32)
    for forged in (
        replace(evidence, code=evidence.code + b"\0"),
        replace(
            evidence,
            governor=replace(rules, contract=replace(rules.contract, code_hash=b"\x01" * 32)),
        ),
        replace(evidence, governor=replace(rules, contract=proxied)),
        replace(evidence, governor=replace(rules, token=replace(rules.token, offsets=(3,)))),
        replace(evidence, governor=replace(rules, token=replace(rules.token, offsets=(2, 90)))),
        replace(
            evidence,
            token=replace(
                evidence.token, contract=replace(evidence.token.contract, address=GOVERNOR)
            ),
        ),
    ):
        with pytest.raises((ClaimMismatch, PartRefused, MalformedCertificate)):
            written(forged)
    assert TOKEN in evidence.code


def test_the_governor_names_its_token_and_its_implementation() -> None:
    with pytest.raises(ClaimMismatch, match="goes by another token"):
        Made(token=b"\x71" * 20).write()
    with pytest.raises(ClaimMismatch, match=r"shard 3 \(token\)"):
        Stored(held={IMPLEMENTATION: 1}).write()
    proxied = Made(proxied=True).evidence()
    own = replace(proxied.governor.contract, implementation=None, implementation_code=None)
    hidden = replace(
        proxied,
        governor=replace(proxied.governor, contract=own),
        state=proxied.state._replace(nodes=Made(proxied=True).account_nodes([GOVERNOR, TOKEN])),
        code=PROXY_CODE,
    )
    with pytest.raises(ClaimMismatch, match="the head says 0x0000"):
        written(hidden)


def test_code_that_an_account_does_not_have_is_refused_by_its_account() -> None:
    evidence = Made().evidence()
    contract = evidence.token.contract
    other = replace(evidence.token, contract=replace(contract, code_hash=b"\x01" * 32))
    with pytest.raises(ClaimMismatch) as caught:
        written(replace(evidence, token=other))
    assert caught.value.place == f"account 0x{TOKEN.hex()}"
    same = replace(evidence.token, contract=replace(contract, address=GOVERNOR))
    with pytest.raises(MalformedCertificate, match="two sorts of code"):
        written(replace(evidence, token=same))
    with pytest.raises(TooLarge, match="65536"):
        written(replace(evidence, code=bytes(2**16 + 1)))


def test_checkpoints_of_the_quorum_are_there_when_it_is_a_share_and_exist() -> None:
    evidence = Made().evidence()
    for checkpoint, refusal in (
        (None, MalformedCertificate),
        (witnesses.Checkpoint(1, 1), PartRefused),
        (witnesses.Checkpoint(0, None), PartRefused),
    ):
        for name in ("governor_storage", "token_storage"):
            storage = getattr(evidence, name)._replace(checkpoint=checkpoint)
            with pytest.raises(refusal):
                written(replace(evidence, **{name: storage}))
    layout = replace(evidence.governor.layout, quorum_legacy=11)
    with pytest.raises(MalformedCertificate, match="of no use"):
        written(replace(evidence, governor=replace(evidence.governor, layout=layout)))


def test_a_hop_that_contradicts_the_parent_hash_is_refused() -> None:
    votes = (*VOTES[:-1], Cast(DORA, 255, 0, 11, Tally()))
    assert checked(Made(hop=True, votes=votes).write()).proven
    with pytest.raises(BrokenLink, match="different hashes"):
        Made(hop=True, votes=votes, forged={FIRST_BLOCK + 11: b"\x88" * 32}).write()


def test_a_proposal_and_a_quorum_that_cannot_be_are_refused() -> None:
    evidence = Made().evidence()
    with pytest.raises(PartRefused, match="no proposal"):
        Made(start=0).write()
    rules = evidence.governor
    assert rules.quorum is not None
    for denominator in (0, 3):
        quorum = replace(rules.quorum, denominator=denominator)
        with pytest.raises(PartRefused) as caught:
            written(replace(evidence, governor=replace(rules, quorum=quorum)))
        assert isinstance(caught.value.cause, InvalidFraction)
