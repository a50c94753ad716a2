"""Many voters at once: equipped through one contract, delegating to themselves, voting for load."""

from __future__ import annotations

from collections.abc import Sequence

from lab.abi import Contract
from lab.accounts import actor, voter
from lab.chain import Call, Chain, Receipt
from lab.schedule import ETHER, VOTER_TOKENS

_WEI_EACH = ETHER // 20
_PER_TRANSACTION = 250
_PER_ROUND = 3_000

# Ceilings measured on the deployed contracts, with room; estimating each would be slower.
_DELEGATE_GAS = 150_000
_VOTE_GAS = 160_000


def equip(chain: Chain, token: Contract, muster: Contract, indices: Sequence[int]) -> None:
    """Give each numbered voter ether and tokens, and have it delegate to itself."""
    treasurer = actor("treasurer")
    calls = []
    for start in range(0, len(indices), _PER_TRANSACTION):
        part = [voter(i).address for i in indices[start : start + _PER_TRANSACTION]]
        data = muster.data("equip", token.address, part, VOTER_TOKENS, _WEI_EACH)
        gas = 100_000 + 80_000 * len(part)
        calls.append(Call(treasurer, muster.address, data, _WEI_EACH * len(part), gas))
    if calls:
        chain.send_all(calls)
    for start in range(0, len(indices), _PER_ROUND):
        chain.send_all(
            [
                Call(
                    voter(i), token.address, token.data("delegate", voter(i).address), 0,
                    _DELEGATE_GAS,
                )
                for i in indices[start : start + _PER_ROUND]
            ]
        )  # fmt: skip


def without_power(chain: Chain, token: Contract, count: int) -> list[int]:
    """Those of the first ``count`` numbered voters that have no voting power now."""
    missing: list[int] = []
    for start in range(0, count, 500):
        indices = range(start, min(start + 500, count))
        calls = []
        for index in indices:
            data = token.data("getVotes", voter(index).address)
            target = {"to": token.address, "data": "0x" + data.hex()}
            calls.append(("eth_call", [target, "latest"]))
        answers = chain.rpc.batch(calls)
        rows = zip(indices, answers, strict=True)
        missing += [index for index, answer in rows if not int(answer, 16)]
    return missing


def able(
    chain: Chain, token: Contract, governor: Contract, proposal_id: int, snapshot: int, limit: int
) -> list[int]:
    """Up to ``limit`` numbered voters with power at the snapshot that have not voted yet."""
    found: list[int] = []
    start = 0
    while len(found) < limit:
        indices = range(start, start + 500)
        start += 500
        calls = []
        for index in indices:
            address = voter(index).address
            power = token.data("getPastVotes", address, snapshot)
            voted = governor.data("hasVoted", proposal_id, address)
            for contract, data in ((token, power), (governor, voted)):
                target = {"to": contract.address, "data": "0x" + data.hex()}
                calls.append(("eth_call", [target, "latest"]))
        answers = [int(answer, 16) for answer in chain.rpc.batch(calls)]
        powers, voted_flags = answers[0::2], answers[1::2]
        if not any(powers):
            break
        rows = zip(indices, powers, voted_flags, strict=True)
        found += [index for index, power, has in rows if power and not has]
    return found[:limit]


def cast(
    chain: Chain, governor: Contract, proposal_id: int, indices: Sequence[int]
) -> list[Receipt]:
    """One vote of each numbered voter: mostly For, some Against, a few Abstain."""
    receipts: list[Receipt] = []
    for start in range(0, len(indices), _PER_ROUND):
        calls = []
        for index in indices[start : start + _PER_ROUND]:
            support = (1, 1, 0, 1, 1, 2, 1, 0, 1, 1)[index % 10]
            data = governor.data("castVote", proposal_id, support)
            calls.append(Call(voter(index), governor.address, data, 0, _VOTE_GAS))
        receipts += chain.send_all(calls)
    return receipts
