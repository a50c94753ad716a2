"""What the stories of the API start from."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.small_venue import Venue


@pytest.fixture
def venue(db: None, settings: Any) -> "Venue":
    """Two chains with a governor each, in rows; nobody is throttled unless a story says so."""
    from tests.api.small_venue import small_venue

    settings.API_RATE = "off"
    return small_venue()
