"""A small venue in rows: two chains, a governor on each, and whatever a story adds to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from django.utils import timezone

from chainsync.models import Block, ChainStatus, Coverage, EndpointStatus, Log
from charter.models import Chain, Contract, Endpoint
from governance.models import Delegate, Governor, Operation, Proposal, TallyDelta, Token, Vote
from proofs.statements.ids import proposal_key
from proofs.statements.lifecycle import ProposalState

NOW = 1_790_000_000
"""Seconds since 1970 of block 1,000 on both chains."""


def address(number: int) -> str:
    """An address that ends in `number`."""
    return f"0x{number:040x}"


def word(number: int) -> str:
    """A 32-byte word that ends in `number`."""
    return f"0x{number:064x}"


@dataclass
class Venue:
    """Rows that every story starts from, and the makers of more."""

    chains: dict[str, Chain] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    serial: Iterator[int] = field(default_factory=lambda: count(1))

    def block(self, chain: str, number: int, *, canonical: bool = True) -> Block:
        found = Block.objects.filter(
            chain=self.chains[chain], number=number, canonical=True
        ).first()
        if found is not None and canonical:
            return found
        serial = next(self.serial)
        return Block.objects.create(
            chain=self.chains[chain],
            number=number,
            hash=word(10**6 + serial),
            parent_hash=word(10**6 + serial - 1),
            timestamp=NOW + number - 1000,
            header={},
            canonical=canonical,
            operators=["one", "two"],
        )

    def log(self, contract: str, number: int) -> Log:
        """A journalled log of a contract: what every projected row stands on."""
        row = self.contracts[contract]
        block = self.block(row.chain.key, number)
        return Log.objects.create(
            chain=row.chain,
            block=block,
            block_number=number,
            log_index=next(self.serial),
            tx_hash=word(7),
            tx_index=0,
            address=row.address,
            data=b"",
        )

    def proposal(self, governor: str = "dao", number: int = 900, **given: object) -> Proposal:
        row = self.contracts[governor]
        log = self.log(governor, number)
        serial = given.pop("proposal_id", 2**255 + log.log_index)
        values = {
            "contract": row,
            "block_number": number,
            "log_index": log.log_index,
            "tx_hash": log.tx_hash,
            "timestamp": NOW + number - 1000,
            "key": proposal_key(row.chain.chain_id, bytes.fromhex(row.address[2:]), serial),
            "proposal_id": serial,
            "proposer": address(0xA1),
            "title": f"Proposal {log.log_index}",
            "description": f"# Proposal {log.log_index}\n\nWhy and how.",
            "description_hash": word(5),
            "vote_start": NOW - 90,
            "vote_end": NOW + 90,
            "state": ProposalState.ACTIVE,
            "state_block": 1000,
        } | given
        return Proposal.objects.create(**values)

    def vote(
        self, proposal: Proposal, number: int = 950, *, voter: int = 0xB0, weight: int = 10**18
    ) -> Vote:
        log = self.log(proposal.contract.key, number)
        delta, _ = TallyDelta.objects.get_or_create(
            contract=proposal.contract,
            proposal=proposal,
            block_number=number,
            defaults={"against_votes": 0, "for_votes": 0, "abstain_votes": 0, "votes": 0},
        )
        delta.for_votes += weight
        delta.votes += 1
        delta.save()
        return Vote.objects.create(
            contract=proposal.contract,
            block_number=number,
            log_index=log.log_index,
            tx_hash=log.tx_hash,
            timestamp=NOW + number - 1000,
            proposal=proposal,
            voter=address(voter),
            support=1,
            weight=weight,
            against_votes=0,
            for_votes=weight,
            abstain_votes=0,
            reason="It is time.",
        )

    def delegate(self, number: int, votes: int, token: str = "token") -> Delegate:
        return Delegate.objects.create(
            contract=self.contracts[token], address=address(number), votes=votes, delegators=1
        )

    def operation(self, number: int = 970, **given: object) -> Operation:
        row = self.contracts["timelock"]
        log = self.log("timelock", number)
        values = {
            "contract": row,
            "block_number": number,
            "log_index": log.log_index,
            "tx_hash": log.tx_hash,
            "timestamp": NOW + number - 1000,
            "operation_id": word(log.log_index),
            "predecessor": word(0),
            "salt": word(3),
            "delay": 60,
            "ready_at": NOW + 30,
        } | given
        return Operation.objects.create(**values)


def small_venue() -> Venue:
    """Chain `l2` at block 1,000, finalized to 940, and `l1` beside it."""
    made = Venue()
    for key, chain_id, role in (("l1", 900, "l1"), ("l2", 901, "l2")):
        chain = made.chains[key] = Chain.objects.create(
            key=key, chain_id=chain_id, name=f"Lab {key.upper()}", role=role, block_time=1.0
        )
        ChainStatus.objects.create(
            chain=chain,
            head_number=1000,
            head_hash=word(1000),
            head_timestamp=NOW,
            safe_number=960,
            finalized_number=940,
            finalized_hash=word(940),
            followed_at=timezone.now(),
        )
        for letter in "ab":
            endpoint = Endpoint.objects.create(
                chain=chain,
                name=f"{key}-{letter}",
                operator=letter,
                url=f"http://127.0.0.1:1/{letter}" if letter == "a" else "${SECRET_URL}",
                public=True,
            )
            EndpointStatus.objects.create(endpoint=endpoint, head_number=1000, latency_ms=4)
    kinds = {
        "dao": ("l2", "oz-governor-5", {"token": "token", "timelock": "timelock"}),
        "token": ("l2", "erc20-votes", {}),
        "timelock": ("l2", "oz-timelock", {}),
        "old-dao": ("l1", "oz-governor-4-bravo", {"token": "old-token"}),
        "old-token": ("l1", "comp-token", {}),
    }
    for number, (key, (chain_key, kind, links)) in enumerate(kinds.items(), 1):
        contract = made.contracts[key] = Contract.objects.create(
            key=key,
            chain=made.chains[chain_key],
            kind=kind,
            address=address(0xC000 + number),
            start_block=1,
            label=key.title(),
            links=links,
        )
        Coverage.objects.create(
            contract=contract, blocks=[(1, 1000)], agreed=[(1, 1000)], folded_to=1000
        )
        if "governor" in kind:
            Governor.objects.create(
                contract=contract,
                name=key,
                clock_mode="timestamp" if chain_key == "l2" else "blocknumber",
                counting_mode="support=bravo&quorum=for,abstain",
                voting_delay=1,
                voting_period=100,
                proposal_threshold=0,
                block_number=1,
            )
        if "token" in kind:
            Token.objects.create(contract=contract, symbol="VOTE", block_number=1)
    return made
