"""The shape of `venue.toml`, once read: plain values without any database."""

import re
from itertools import pairwise
from typing import Annotated, Any, Literal

from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
)
from pydantic_core import PydanticCustomError

from charter.permissions import Permission
from charter.suggestions import close

_KEY = re.compile(r"[a-z][a-z0-9-]{0,49}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def refusal(what: str, instead: str) -> PydanticCustomError:
    """A validation error that says what is wrong and what to write instead."""
    return PydanticCustomError("charter", "{what}", {"what": what, "instead": instead})


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise refusal(
            f"{value!r} cannot be a key.",
            "Write at most 50 small letters, digits and hyphens, beginning with a letter.",
        )
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise refusal("it is empty.", "Write the words that people shall read.")
    return value.strip()


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise refusal(
            f"{value!r} is not an address.",
            "Write 0x and 40 hex digits, as a block explorer shows the contract.",
        )
    if int(value, 16) == 0:
        raise refusal("it is the zero address.", "Write the address of the deployed contract.")
    if value[2:] != value[2:].lower() and not is_checksum_address(value):
        raise refusal(
            f"the capital letters of {value} do not match its checksum (EIP-55), so a digit may "
            "be mistyped.",
            f"Compare it with its source. If every digit is right, write "
            f"{to_checksum_address(value)}.",
        )
    return to_checksum_address(value)


def _grants(value: list[str]) -> list[str]:
    for grant in value:
        if grant not in Permission.values:
            raise refusal(
                f"{grant!r} is not a permission.{close(grant, Permission.values)}",
                f"Write one of: {', '.join(Permission.values)}.",
            )
    return sorted(set(value))


Key = Annotated[str, AfterValidator(_key)]
Text = Annotated[str, Field(max_length=100), AfterValidator(_text)]
Address = Annotated[str, AfterValidator(_address)]


LINK_ROLES = ("executor", "governor", "guardian", "safe", "timelock", "token")
"""Keys of a contract that name another contract on the same chain."""


class Entry(BaseModel):
    """A table of the file: no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class VenueEntry(Entry):
    """`[venue]`."""

    name: Text = Field(examples=['"My Venue"'])


class EndpointEntry(Entry):
    """`[[chains.KEY.endpoints]]`; `url` as written, with its references."""

    name: Key = Field(examples=['"l2-a"'])
    operator: Text = Field(examples=['"Name of who runs it"'])
    url: str = Field(examples=['"${L2_URL}"'], max_length=500, repr=False)
    public: bool = Field(default=False, examples=["true"])
    requests_per_second: float | None = Field(
        default=None, ge=1, le=100_000, examples=["25"], allow_inf_nan=False
    )


FORKS = ("altair", "bellatrix", "capella", "deneb", "electra", "fulu")
"""Forks of the beacon chain with sync committees, in order."""
_VERSION = re.compile(r"0x[0-9a-fA-F]{8}")


def _version(value: str) -> str:
    if not _VERSION.fullmatch(value):
        raise refusal(
            f"{value!r} is not the version of a fork.",
            "Write 0x and 8 hex digits, as the network's configuration has them.",
        )
    return value.lower()


def _time(value: Any) -> int | str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise refusal(
        "a number of seconds is needed.",
        "Write the seconds since 1970, or ${NAME} of a variable that holds them.",
    )


def _network(value: Any) -> Any:
    """`"ethereum"` is the network that needs no table; None stands for it."""
    if value == "ethereum":
        return None
    if not isinstance(value, dict):
        raise refusal(
            "it is no network that is known by its name.",
            'Write network = "ethereum", or a table [chains.KEY.beacon.network] for another one.',
        )
    return value


class ForkEntry(Entry):
    """One of `forks`: from the first slot of `epoch` on committees sign under `version`."""

    name: Literal["altair", "bellatrix", "capella", "deneb", "electra", "fulu"] = Field(
        examples=['"electra"']
    )
    epoch: int = Field(ge=0, lt=2**63, examples=["364032"])
    version: Annotated[str, AfterValidator(_version)] = Field(examples=['"0x05000000"'])


def _forks(value: list[ForkEntry]) -> list[ForkEntry]:
    if not value:
        raise refusal("there is none.", "Write at least the fork that the network is in.")
    for first, then in pairwise(value):
        if FORKS.index(first.name) >= FORKS.index(then.name) or first.epoch > then.epoch:
            raise refusal(
                f"{then.name} stands behind {first.name}, but does not follow it.",
                f"Write the forks in this order, with epochs that do not fall: {', '.join(FORKS)}.",
            )
    return value


class NetworkEntry(Entry):
    """`[chains.KEY.beacon.network]`: a beacon chain that is not Ethereum's."""

    genesis_time: Annotated[int | str, PlainValidator(_time)] = Field(examples=["1606824023"])
    genesis_validators_root: str = Field(max_length=200, examples=['"0x…"  # 64 hex digits'])
    seconds_per_slot: int = Field(ge=1, le=3600, examples=["12"])
    slots_per_epoch: int = Field(ge=1, le=1024, examples=["32"])
    epochs_per_period: int = Field(ge=1, le=2**16, examples=["256"])
    committee_size: int = Field(ge=1, le=2048, examples=["512"])
    weak_subjectivity_epochs: int = Field(default=256, ge=1, lt=2**31, examples=["256"])
    forks: Annotated[list[ForkEntry], AfterValidator(_forks)] = Field(
        examples=["[[chains.KEY.beacon.network.forks]] tables"]
    )


class BeaconEndpointEntry(Entry):
    """`[[chains.KEY.beacon.endpoints]]`; `url` as written, with its references."""

    name: Key = Field(examples=['"l1-beacon"'])
    operator: Text | None = Field(default=None, examples=['"Name of who runs it"'])
    url: str = Field(examples=['"${BEACON_URL}"'], max_length=500, repr=False)


class BeaconEntry(Entry):
    """`[chains.KEY.beacon]`: where signatures for the finality of an L1 come from.

    `network` is None for Ethereum's.
    """

    checkpoint: str = Field(max_length=200, examples=['"0x…"  # 64 hex digits'])
    network: Annotated[NetworkEntry | None, BeforeValidator(_network)] = Field(
        examples=['"ethereum"']
    )
    endpoints: list[BeaconEndpointEntry] = Field(
        examples=["[[chains.KEY.beacon.endpoints]] tables"]
    )


class ChainEntry(Entry):
    """`[chains.KEY]`."""

    name: Text = Field(examples=['"My L2"'])
    chain_id: int = Field(gt=0, lt=2**53, examples=["901"])
    block_time: float = Field(gt=0, le=3600, examples=["2"], allow_inf_nan=False)
    role: Literal["l1", "l2"] = Field(examples=['"l2"'])
    headers: Literal["recomputed", "opaque"] = Field(default="recomputed", examples=['"opaque"'])
    endpoints: list[EndpointEntry] = Field(examples=["[[chains.KEY.endpoints]] tables"])
    beacon: BeaconEntry | None = Field(default=None, examples=["a [chains.KEY.beacon] table"])


class ContractEntry(Entry):
    """`[contracts.KEY]`; the keys of LINK_ROLES name other contracts."""

    kind: str = Field(examples=['"oz-governor-5"'])
    chain: str = Field(examples=['"l2"'])
    address: Address = Field(examples=['"0x…"  # 40 hex digits'])
    start_block: int = Field(ge=0, lt=2**63, examples=["12"])
    label: Text | None = Field(default=None, examples=['"My Governor"'])
    executor: str | None = Field(default=None, examples=['"timelock"'])
    governor: str | None = Field(default=None, examples=['"governor"'])
    guardian: str | None = Field(default=None, examples=['"safe"'])
    safe: str | None = Field(default=None, examples=['"safe"'])
    timelock: str | None = Field(default=None, examples=['"timelock"'])
    token: str | None = Field(default=None, examples=['"token"'])

    @property
    def links(self) -> dict[str, str]:
        """Role to the key of the linked contract, as written."""
        return {role: key for role in LINK_ROLES if (key := getattr(self, role)) is not None}


class PersonEntry(Entry):
    """`[people."0x…"]`."""

    name: str = Field(default="", max_length=100, examples=['"Ada"'])
    grants: Annotated[list[str], AfterValidator(_grants)] = Field(
        default=[], examples=['["throw-switch"]']
    )


class Venue(Entry):
    """The whole file."""

    venue: VenueEntry
    chains: dict[Key, ChainEntry] = Field(examples=["a [chains.KEY] table"])
    contracts: dict[Key, ContractEntry] = Field(default={}, examples=["a [contracts.KEY] table"])
    people: dict[Address, PersonEntry] = Field(default={}, examples=['a [people."0x…"] table'])
