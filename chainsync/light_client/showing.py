"""What pages and the API show of a chain's signed finality."""

from dataclasses import dataclass

from django.db.models import QuerySet

from chainsync.light_client import standing
from chainsync.light_client.standing import Certified
from chainsync.light_client.trust import Trust, trust_of
from chainsync.models import LightClient
from charter.errors import CharterError
from charter.models import Beacon, BeaconEndpoint, Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFinality:
    """The light client of a chain as it stands: what is certified, or `why_not` in words.

    `beacon` is None where the charter names none, `client` where none goes by what the charter
    says now, `trust` where the charter cannot be used. `now` in seconds since 1970 UTC.
    """

    now: int
    beacon: Beacon | None
    certified: Certified | None
    why_not: str
    trust: Trust | None = None
    client: LightClient | None = None

    @property
    def endpoints(self) -> QuerySet[BeaconEndpoint]:
        """Who is asked. One query."""
        return BeaconEndpoint.objects.filter(beacon=self.beacon, active=True)

    @property
    def level(self) -> str:
        """How grave it is, as pages colour it."""
        if self.certified is not None:
            return "warn" if self._troubled else "ok"
        if self.contradicts_chain or self.forced or (self.client and self.client.lapsed):
            return "alarm"
        return "warn" if self._troubled else "plain"

    @property
    def _troubled(self) -> bool:
        client = self.client
        return client is not None and bool(
            client.refused or client.silent_since or client.few_since
        )

    @property
    def needed(self) -> int:
        """How many members are two thirds."""
        return 0 if self.certified is None else -(-2 * self.certified.committee_size // 3)

    @property
    def checkpoint(self) -> str | None:
        return self.client.checkpoint if self.client else None

    @property
    def checkpoint_time(self) -> int | None:
        """When the slot of the checkpoint began, in seconds since 1970 UTC."""
        slot = self.client.checkpoint_slot if self.client else None
        return None if slot is None or self.trust is None else self.trust.time_of(slot)

    @property
    def checkpoint_age(self) -> int | None:
        """Seconds since then."""
        since = self.checkpoint_time
        return None if since is None else max(0, self.now - since)

    @property
    def begun_age(self) -> int | None:
        """How old the checkpoint was when it was begun with, in seconds to the epoch."""
        epochs = self.client.checkpoint_epochs if self.client else None
        return None if epochs is None or self.trust is None else epochs * self.trust.epoch

    @property
    def age_allowed(self) -> int | None:
        """The weak subjectivity period, in seconds."""
        return self.trust.epochs_allowed * self.trust.epoch if self.trust else None

    @property
    def period(self) -> int | None:
        return self.client.period if self.client else None

    @property
    def forced(self) -> bool:
        return bool(self.client and self.client.forced)

    @property
    def contradicts_chain(self) -> bool:
        return bool(self.client and self.client.contradicts_number is not None)


def signed_finality(chain: Chain, now: float) -> SignedFinality:
    """What is shown of a chain that has its beacon and light client at hand. No query."""
    beacon, found = standing.beacon_of(chain), standing.look(chain, now)
    trust, client = None, standing.light_client_of(chain)
    if beacon is not None:
        try:
            trust = trust_of(beacon)
        except CharterError:  # `look` says why
            trust = None
    if client is None or trust is None or not standing.follows(client, trust):
        client = None
    certified = found if isinstance(found, Certified) else None
    return SignedFinality(
        now=int(now),
        beacon=beacon,
        certified=certified,
        why_not="" if isinstance(found, Certified) else found,
        trust=trust,
        client=client,
    )
