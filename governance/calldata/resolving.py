"""The charter and the rows as the surroundings of calls on one chain."""

from collections.abc import Iterable

from eth_utils.address import to_checksum_address

from charter.models import Chain, Contract
from governance.calldata import known, multisend
from governance.calldata.decoding import Lexicon, ToldCall, tell
from governance.calldata.describing import Subcall, TokenUnit
from governance.models import OperationCall, ParameterChange, ProposalAction
from governance.projections import FUNCTIONS

LEXICON = Lexicon.of(
    FUNCTIONS, dict.fromkeys(multisend.ADDRESSES, multisend.FUNCTIONS), known.FUNCTIONS
)


class ChainSurroundings:
    """What the charter and the rows know of a chain's addresses; one query, and one a parameter.

    `before` (block number) makes the present values those that were in force before it.
    """

    def __init__(self, chain: Chain, before: int | None = None) -> None:
        rows = Contract.objects.filter(chain=chain).select_related(
            "governor_profile", "token_profile"
        )
        self._contracts = {bytes.fromhex(row.address[2:]): row for row in rows}
        self._before = before
        self._latest: dict[tuple[int, str, str], str | None] = {}

    def name(self, address: bytes) -> str:
        found = self._contracts.get(address)
        return to_checksum_address(address) if found is None else found.label

    def kind(self, address: bytes) -> str | None:
        found = self._contracts.get(address)
        return None if found is None else found.kind

    def token(self, address: bytes) -> TokenUnit | None:
        profile = getattr(self._contracts.get(address), "token_profile", None)
        return None if profile is None else TokenUnit(profile.symbol, profile.decimals)

    def clock(self, governor: bytes) -> str | None:
        profile = getattr(self._contracts.get(governor), "governor_profile", None)
        return None if profile is None else profile.clock_mode

    def latest(self, address: bytes, parameter: str, scope: str) -> str | None:
        contract = self._contracts.get(address)
        if contract is None:
            return None
        key = contract.pk, parameter, scope
        if key not in self._latest:
            rows = ParameterChange.objects.filter(contract=contract, name=parameter, scope=scope)
            if self._before is not None:
                rows = rows.filter(block_number__lt=self._before)
            newest = rows.order_by("-block_number", "-log_index")
            self._latest[key] = newest.values_list("value", flat=True).first()
        return self._latest[key]


def told(
    chain: Chain,
    calls: Iterable[ProposalAction | OperationCall],
    *,
    before: int | None = None,
) -> list[ToldCall]:
    """Tell the calls of a proposal or an operation, in order.

    Give `before` (the block of execution) for calls that were made: they then tell what they
    changed, and not what is in force now.
    """
    around = ChainSurroundings(chain, before)
    return [
        tell(
            Subcall(bytes.fromhex(call.target[2:]), call.value, bytes(call.calldata)),
            around,
            LEXICON,
            call.signature,
        )
        for call in calls
    ]
