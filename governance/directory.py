"""The contracts of the charter with what they say of themselves, read once per page."""

from collections.abc import Iterable
from dataclasses import dataclass

from charter.models import Chain, Contract
from governance.models import Governor, Token
from governance.moments import ChainClock


@dataclass(frozen=True, slots=True)
class Directory:
    """Contracts by primary key, key and (chain, address); chains come with their status."""

    by_id: dict[int, Contract]
    by_key: dict[str, Contract]
    by_address: dict[tuple[int, str], Contract]

    @classmethod
    def read(cls) -> "Directory":
        """All active contracts, those of the layer people act on first, in one query."""
        rows = Contract.objects.filter(active=True).select_related(
            "chain__status", "governor_profile", "token_profile"
        )
        return cls.of(rows.order_by("-chain__role", "key"))

    @classmethod
    def of(cls, rows: Iterable[Contract]) -> "Directory":
        """A directory of these contracts, already loaded with chain and profiles."""
        by_id = {row.pk: row for row in rows}
        return cls(
            by_id,
            {row.key: row for row in by_id.values()},
            {(row.chain_id, row.address): row for row in by_id.values()},
        )

    def linked(self, contract: Contract, role: str) -> Contract | None:
        """The contract that plays `role` for `contract`."""
        return self.by_key.get(contract.links.get(role, ""))

    def governors(self) -> list[Contract]:
        """Contracts that take proposals."""
        return [row for row in self.by_key.values() if profile(row) is not None]

    def tokens(self) -> list[Contract]:
        """Contracts that carry voting power, each once, those of governors first."""
        voting = [self.linked(governor, "token") for governor in self.governors()]
        profiled = [row for row in self.by_key.values() if token_profile(row) is not None]
        return list(dict.fromkeys([row for row in [*voting, *profiled] if row is not None]))

    def label(self, chain_id: int, address: str) -> str:
        """What the charter calls an address of the chain with this primary key, or nothing."""
        found = self.by_address.get((chain_id, address))
        return found.label if found else ""


def profile(contract: Contract) -> Governor | None:
    """What a governor says of itself; None for other contracts and before it was read."""
    return getattr(contract, "governor_profile", None)


def token_profile(contract: Contract | None) -> Token | None:
    """What a token says of itself; None for other contracts and before it was read."""
    return getattr(contract, "token_profile", None)


def decimals(token: Contract | None) -> int:
    """Decimals of a votes token: 18 while it has not been read."""
    found = token_profile(token)
    return found.decimals if found else 18


def symbol(token: Contract | None) -> str:
    """Symbol of a votes token, or nothing while it has not been read."""
    found = token_profile(token)
    return found.symbol if found else ""


def chain_clock(chain: Chain) -> ChainClock | None:
    """Where the chain stands; None before its first head."""
    status = getattr(chain, "status", None)
    if status is None or status.head_number is None or status.head_timestamp is None:
        return None
    return ChainClock(
        head_number=status.head_number,
        head_timestamp=status.head_timestamp,
        block_time=chain.block_time,
    )
