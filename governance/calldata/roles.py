"""AccessControl of OpenZeppelin, by which timelocks and others say who may do what. Pure."""

from governance.calldata.describing import Described, Occasion, described
from proofs.keccak import keccak256

NAMES = {
    bytes(32): "DEFAULT_ADMIN_ROLE",
    **{
        keccak256(name.encode()): name
        for name in (
            "PROPOSER_ROLE",
            "EXECUTOR_ROLE",
            "CANCELLER_ROLE",
            "TIMELOCK_ADMIN_ROLE",
            "PAUSER_ROLE",
            "MINTER_ROLE",
            "UPGRADER_ROLE",
            "GUARDIAN_ROLE",
        )
    },
}
"""Roles by their 32-byte id."""

NOBODY = bytes(20)


def role(role_id: bytes) -> str:
    """Name of a role, or its id in hex."""
    return NAMES.get(role_id) or "0x" + role_id.hex()


def _grant(at: Occasion) -> str:
    if at["account"] == NOBODY:
        return f"Give everybody the role {role(at['role'])} on {at.here}."
    return f"Give {at.name('account')} the role {role(at['role'])} on {at.here}."


def _revoke(at: Occasion) -> str:
    if at["account"] == NOBODY:
        return f"No longer give everybody the role {role(at['role'])} on {at.here}."
    return f"Take the role {role(at['role'])} on {at.here} from {at.name('account')}."


FUNCTIONS: tuple[Described, ...] = (
    described("grantRole(bytes32 role, address account)", _grant),
    described("revokeRole(bytes32 role, address account)", _revoke),
    described(
        "renounceRole(bytes32 role, address account)",
        lambda at: f"Give up the role {role(at['role'])} on {at.here}.",
    ),
)
