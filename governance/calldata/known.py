"""Functions that proposals call on contracts of any kind. Pure."""

from governance.calldata.describing import Described, described
from governance.calldata.roles import FUNCTIONS as ROLES

FUNCTIONS: tuple[Described, ...] = (
    *ROLES,
    described(
        "transferOwnership(address newOwner)",
        lambda at: f"Hand the ownership of {at.here} over to {at.name('newOwner')}.",
    ),
    described("renounceOwnership()", lambda at: f"Leave {at.here} without an owner."),
    described(
        "upgradeTo(address newImplementation)",
        lambda at: f"Replace the code of {at.here} by that of {at.name('newImplementation')}.",
    ),
    described(
        "upgradeToAndCall(address newImplementation, bytes data)",
        lambda at: f"Replace the code of {at.here} by that of {at.name('newImplementation')}.",
    ),
    described("pause()", lambda at: f"Pause {at.here}."),
    described("unpause()", lambda at: f"End the pause of {at.here}."),
)
