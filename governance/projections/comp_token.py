"""Votes tokens in the manner of COMP: 96-bit amounts and block numbers."""

from governance.calldata.describing import Described
from governance.folding.delegates import token_kind
from governance.projections import erc20_votes

KIND = token_kind("comp-token")

FUNCTIONS: tuple[Described, ...] = tuple(
    described
    for described in erc20_votes.FUNCTIONS
    if described.function.name
    not in {
        "mint",
        "burn",
    }
)
