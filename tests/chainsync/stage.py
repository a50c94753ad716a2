"""A chain that is followed from two endpoints, of which one may suffer, and what is true of it."""

import itertools
from collections.abc import Callable
from typing import Any

from django.db import connection

from chainsync import disputes, rechecking, review
from chainsync.assurance import assurance_of
from chainsync.following import turn
from chainsync.models import Block, ChainStatus, Coverage, EndpointStatus, Log
from charter.models import Chain, Contract
from ledger.models import Finding
from proofs.statements.assurance import Step
from tests.chainsync.scene import FINALIZED_DEPTH, Node, Toy

PATIENCE = 90.0
# What was counted within two minutes stands until they are over.
FADING = ("endpoint.rate-limited", "endpoint.malformed")
LEADING, SECOND = "l2-a", "l2-b"


class Stage:
    """A chain that is followed, a contract that says numbers, and what it truly said."""

    def __init__(self, node: Node, chain: Chain, toy: Toy) -> None:
        self.node, self.chain, self.toy = node, chain, toy
        self.contract: Contract = toy.contract(start_block=1)
        self._said = itertools.count(1)
        node.mine()
        self.follow(lambda: ChainStatus.objects.get().head_number == 1)
        node.mine(FINALIZED_DEPTH + 4)
        self.say(2)
        self.follow(self.is_well)

    def say(self, blocks: int = 1) -> None:
        """So many blocks with a number more each, and one that is empty."""
        for _ in range(blocks):
            self.node.say(self.contract.address, next(self._said))
        self.node.mine(1)

    def truth(self, first: int = 0) -> dict[int, list[int]]:
        """Numbers that the contract said from block `first` on, by block, of the node itself."""
        asked = {"fromBlock": hex(first), "address": self.contract.address}
        found: dict[int, list[int]] = {}
        for log in self.node.call("eth_getLogs", asked):
            found.setdefault(int(log["blockNumber"], 16), []).append(int(log["data"], 16))
        return found

    def follow(self, until: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Follow until it is so, looking after each cycle for anything wrong that is believed."""

        def looked(_: ChainStatus) -> bool:
            self.check()
            return until()

        for _ in range(int(seconds / 10)):
            report = turn("l2", seconds=10, until=looked)
            assert report
            if report.ended == "condition":
                return
        rows = list(EndpointStatus.objects.values())
        raise AssertionError(f"not within {seconds:.0f} s; {report}; {rows}; {self.findings()}")

    def check(self) -> None:
        """Nothing wrong is agreed, and nothing but the truth is final."""
        truth = self.truth()
        rows = self.rows()
        status = ChainStatus.objects.get(chain=self.chain)
        blocks = Block.objects.filter(chain=self.chain, canonical=True)
        for block in blocks.order_by("-number")[:40]:
            final = block.number <= (status.finalized_number or 0)
            reached = assurance_of(self.contract, block.number, block.number)
            agreed = reached.step >= Step.AGREED and not reached.disputed
            if final or len(block.operators) > 1:
                assert block.hash == self.node.hash(block.number), block.number
            if agreed:
                assert rows.get(block.number, []) == truth.get(block.number, []), block.number

    def rows(self) -> dict[int, list[int]]:
        """Numbers that are shown, by block."""
        found: dict[int, list[int]] = {}
        with connection.cursor() as cursor:
            cursor.execute("SELECT block, number FROM toy_row ORDER BY block, index")
            for block, number in cursor.fetchall():
                found.setdefault(block, []).append(int(number))
        return found

    def is_current(self) -> bool:
        """Whether the head is the node's and what is shown is the truth."""
        status = ChainStatus.objects.get(chain=self.chain)
        return status.head_hash == self.node.hash(self.node.head) and self.rows() == self.truth(
            Coverage.objects.get(contract=self.contract).blocks[0][0]
        )

    def is_well(self) -> bool:
        """Whether all is as an honest sync has it: current, agreed to the head, nothing open."""
        status = ChainStatus.objects.get(chain=self.chain)
        dense = Block.objects.filter(chain=self.chain, canonical=True)
        return (
            self.is_current()
            and status.finalized_number == self.node.head - FINALIZED_DEPTH
            and all(len(operators) > 1 for operators in dense.values_list("operators", flat=True))
            and not disputes.open_disputes(self.chain).exists()
            and not any(
                rule.startswith("endpoint.") and rule not in FADING for rule, _ in self.findings()
            )
        )

    def findings(self) -> dict[tuple[str, str], str]:
        """Summaries of what stands open, by rule and subject, after a review."""
        review.review()
        rows = Finding.objects.filter(closed_at=None)
        return {(row.rule, row.subject): f"{row.summary} {row.facts}" for row in rows}

    def is_named(self, liar: str) -> bool:
        """Whether a finding stands that says who it is."""
        return any(
            rule.startswith("endpoint.") and liar in subject + words
            for (rule, subject), words in self.findings().items()
        )

    def said_of(self, endpoint: str) -> str:
        """What is kept of an endpoint: its last error, and what it denies."""
        row = EndpointStatus.objects.get(endpoint__name=endpoint)
        return f"{row.last_error} {row.disagrees}"

    def has_said(self, liar: str, words: str) -> bool:
        """Whether what is kept of an endpoint names it and what was wrong."""
        told = self.said_of(liar)
        return liar in told and words in told

    def suffer(self, endpoint: str, sort: str, **options: Any) -> None:
        self.node.gateway.switchboard.suffer(endpoint, sort, **options)

    def heal(self) -> None:
        self.node.gateway.switchboard.heal()

    def ends_as_an_honest_sync(self) -> None:
        """Heal, go on, and compare with the chain to the last log."""
        self.heal()
        self.say()

        def healed() -> bool:
            # Beat does this: what is wrong of the past is asked about again.
            if disputes.lies(self.chain).exists():
                rechecking.recheck(self.chain)
            return self.is_well()

        self.follow(healed)
        assert ChainStatus.objects.get().halted == ""
        logs = Log.objects.filter(canonical=True).order_by("block_number", "log_index")
        kept = [
            (log.block_number, log.block.hash, log.tx_hash, log.log_index, bytes(log.data).hex())
            for log in logs.select_related("block")
        ]
        first = Coverage.objects.get(contract=self.contract).blocks[0][0]
        asked = {"fromBlock": hex(first), "address": self.contract.address}
        assert kept == [
            (
                int(log["blockNumber"], 16),
                log["blockHash"],
                log["transactionHash"],
                int(log["logIndex"], 16),
                log["data"][2:],
            )
            for log in self.node.call("eth_getLogs", asked)
        ]
