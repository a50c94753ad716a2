"""Votes tokens of OpenZeppelin, versions 4 and 5."""

from governance import wording
from governance.calldata.describing import Described, described
from governance.folding.delegates import token_kind

KIND = token_kind("erc20-votes")

FUNCTIONS: tuple[Described, ...] = (
    described(
        "transfer(address to, uint256 value)",
        lambda at: f"Send {at.tokens('value')} to {at.name('to')}.",
    ),
    described(
        "transferFrom(address from, address to, uint256 value)",
        lambda at: f"Send {at.tokens('value')} of {at.name('from')} to {at.name('to')}.",
    ),
    described(
        "approve(address spender, uint256 value)",
        lambda at: f"Allow {at.name('spender')} to spend {at.tokens('value')}.",
    ),
    described(
        "delegate(address delegatee)",
        lambda at: f"Delegate its votes in {at.here} to {at.name('delegatee')}.",
    ),
    described(
        "delegateBySig(address delegatee, uint256 nonce, uint256 expiry, uint8 v, bytes32 r, "
        "bytes32 s)",
        lambda at: (
            f"Delegate a signer's votes in {at.here} to {at.name('delegatee')}, if signed "
            f"and sent before {wording.moment(at['expiry'])}."
        ),
    ),
    described(
        "mint(address to, uint256 amount)",
        lambda at: f"Create {at.tokens('amount')} for {at.name('to')}.",
    ),
    described("burn(uint256 value)", lambda at: f"Destroy {at.tokens('value')} of its own."),
)
