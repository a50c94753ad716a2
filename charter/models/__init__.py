"""Nouns of the charter."""

from charter.models.allowance import Allowance
from charter.models.beacon import Beacon, BeaconEndpoint
from charter.models.chain import Chain
from charter.models.contract import Contract
from charter.models.endpoint import Endpoint
from charter.models.key import ApiKey
from charter.models.person import Person
from charter.models.switch import KillSwitch
from charter.models.venue import VenueRecord

__all__ = [
    "Allowance",
    "ApiKey",
    "Beacon",
    "BeaconEndpoint",
    "Chain",
    "Contract",
    "Endpoint",
    "KillSwitch",
    "Person",
    "VenueRecord",
]
