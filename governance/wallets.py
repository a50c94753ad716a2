"""What a visitor's wallet must know of a chain to send something there."""

from typing import Any

from charter.models import Chain
from charter.queries import endpoint_url


def wallet_chain(chain: Chain) -> dict[str, Any]:
    """Chain id, name and those endpoints that the charter lets visitors use. One query."""
    public = chain.endpoints.filter(active=True, public=True)
    return {
        "id": chain.chain_id,
        "key": chain.key,
        "name": chain.name,
        "rpc": [endpoint_url(endpoint) for endpoint in public],
    }
