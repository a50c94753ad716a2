"""Assurances of the many statements of one page, in two queries whatever their number."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from chainsync import disputes
from chainsync.assurance import UNKNOWN, Assurance, assurance_read
from chainsync.models import Coverage, Dispute
from charter.models import Contract


class Assured:
    """What is agreed and what is disputed of all contracts, read at one moment."""

    def __init__(self, covered: Mapping[int, Coverage], disputes: Sequence[Dispute]) -> None:
        self._covered = covered
        self._disputes: dict[int, list[Dispute]] = defaultdict(list)
        for row in disputes:
            self._disputes[row.chain_id].append(row)

    @classmethod
    def read(cls, *, disputed: bool = True) -> "Assured":
        """As it is now. Two queries; one when it is known that nothing is `disputed`."""
        covered = Coverage.objects.select_related("contract__chain").filter(contract__active=True)
        standing = Dispute.objects.filter(closed_at=None).select_related("endpoint", "contract")
        return cls(
            {row.contract_id: row for row in covered},
            list(standing.order_by("first", "pk")) if disputed else [],
        )

    def of(self, contract: int, first: int | None = None, last: int | None = None) -> Assurance:
        """What rests on the logs of a contract (its id) in these blocks, as `assurance_of` says."""
        row = self._covered.get(contract)
        if row is None:
            return UNKNOWN
        standing = self._disputes.get(row.contract.chain_id, ())
        return assurance_read(row, row.contract, standing, first, last)

    def final_to(self, contract: Contract, finalized: int | None) -> int | None:
        """The last block that counts as final for what rests on a contract, `finalized` being its
        chain's."""
        return disputes.final_to(finalized, self.disputes(contract.chain_id), contract.pk)

    def chain_of(self, contract: int) -> str:
        """Key of the chain of a contract (its id); empty for one that is not read."""
        row = self._covered.get(contract)
        return row.contract.chain.key if row else ""

    def at(self, chain: int, address: str) -> Contract | None:
        """The contract that is read at an address of a chain (its id)."""
        for row in self._covered.values():
            if (row.contract.chain_id, row.contract.address) == (chain, address):
                return row.contract
        return None

    def disputes(self, chain: int) -> list[Dispute]:
        """Undecided disputes of a chain (its id), the lowest block first."""
        return self._disputes.get(chain, [])
