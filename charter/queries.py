"""What pages, commands and higher floors read from the charter."""

import os

from charter import references
from charter.models import BeaconEndpoint, Endpoint, KillSwitch, VenueRecord
from charter.switches import Switch


def venue_name() -> str:
    """Name of the venue; `Tocsin` while no charter is loaded."""
    return VenueRecord.objects.values_list("name", flat=True).first() or "Tocsin"


def thrown(switch: Switch) -> bool:
    """Whether a kill switch is thrown at this moment."""
    return KillSwitch.objects.filter(switch=switch, thrown=True).exists()


def sign_in_switch() -> KillSwitch | None:
    """The thrown switch that keeps people from signing in, or None."""
    stopping = (Switch.NO_SIGN_IN, Switch.READ_ONLY)
    return KillSwitch.objects.filter(switch__in=stopping, thrown=True).order_by("switch").first()


def endpoint_url(endpoint: Endpoint | BeaconEndpoint) -> str:
    """Address of an endpoint with its `${NAME}` references filled in. May be secret: do not show.

    Raises CharterError naming the variables that are not set.
    """
    return references.expand(endpoint.url, os.environ, key=f"endpoint {endpoint.name}")
