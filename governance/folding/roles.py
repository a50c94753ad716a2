"""Events of AccessControl: who was given or lost a role, kept like parameters."""

from typing import Any

from governance.calldata.roles import role
from governance.folding.parameters import Reading, Setting, Told, plain, several


def _read(said: str) -> Reading:
    def read(values: dict[str, Any]) -> list[Told]:
        return [Told(f"role {role(values['role'])}", plain(values["account"]), "", said)]

    return read


SETTINGS: tuple[Setting, ...] = tuple(
    several(f"{event}(bytes32 indexed role, address indexed account, address indexed sender)", read)
    for event, read in (("RoleGranted", _read("granted")), ("RoleRevoked", _read("revoked")))
)
