"""Going on from what a light client holds with what beacon nodes say, each object checked.

Nodes are asked in the order of the charter; the next one is asked where one leaves us without
fresh finality, so that none can hold it back alone. Updates are never forced.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chainsync.endpoint.failures import EndpointFailure, MalformedReply
from chainsync.light_client.rest import MOST_UPDATES, Client
from chainsync.light_client.trust import Trust
from proofs.refusals import FutureSlot, Refusal, StaleUpdate
from proofs.statements.light_client import begin, process_update
from proofs.statements.light_client_data import Update
from proofs.statements.light_client_store import Committees, Store

FRESH_EPOCHS = 4
"""Of a chain that finalizes, the finalized block is two to three epochs old."""
MOST_PARCELS = 8

_committees = Committees()


@dataclass
class Walk:
    """One turn: where it begins, who is asked, and what became of it.

    `refused` and `silent` say of each endpoint that gave nothing sound what it did instead.
    """

    trust: Trust
    store: Store | None
    clock: Callable[[], float]
    goes_on: Callable[[], bool] = lambda: True
    refused: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    answered: bool = False
    begun: Store | None = None
    """The store at the checkpoint, where this turn proved it."""
    newest: Update | None = None
    """The newest finality update whose signature was verified."""

    def ask(self, clients: Iterable[Client]) -> None:
        """Ask one after the other until one has led us to fresh finality."""
        for client in clients:
            if not self.goes_on():
                return
            try:
                self._ask(client)
            except MalformedReply as failure:
                self.refused.append(str(failure))
            except EndpointFailure as failure:
                self.silent.append(str(failure))
            except Refusal as refusal:
                self.refused.append(f"{client.name}: {refusal} ({type(refusal).__name__})")
            else:
                self.answered = True
                if self.fresh:
                    return

    @property
    def fresh(self) -> bool:
        """Whether what is finalized is as new as it is on a chain that finalizes."""
        if self.store is None:
            return False
        slot = self.store.finalized.slot
        return self.trust.epochs_since(slot, self.clock()) <= FRESH_EPOCHS

    def _ask(self, client: Client) -> None:
        if self.store is None:
            self.store = self.begun = self._begun(client)
        self._catch_up(client)
        update = client.finality_update()
        try:
            self._process(update)
        except StaleUpdate:
            return
        if self.newest is None or update.signature_slot > self.newest.signature_slot:
            self.newest = update

    def _begun(self, client: Client) -> Store:
        bootstrap = client.bootstrap(self.trust.checkpoint)
        store = begin(self.trust.network, self.trust.checkpoint, bootstrap)
        if store.finalized.slot > self._slot():
            raise FutureSlot(
                f"The checkpoint is of slot {store.finalized.slot}, and it is {self._slot()}.",
                slot=store.finalized.slot,
                current_slot=self._slot(),
            )
        return store

    def _catch_up(self, client: Client) -> None:
        """Take one update for each period up to now, which hands over to the next committee."""
        for _ in range(MOST_PARCELS):
            store, now = self._held(), self.trust.network.period(self._slot())
            first = store.period + (store.next_committee is not None)
            if first > now or not self.goes_on():
                return
            for update in client.updates(first, min(now - first + 1, MOST_UPDATES)):
                try:
                    self._process(update)
                except StaleUpdate:
                    continue
            after = self._held()
            if after.period + (after.next_committee is not None) <= first:
                return

    def _process(self, update: Update) -> None:
        self.store = process_update(
            self._held(), update, current_slot=self._slot(), committees=_committees
        )

    def _held(self) -> Store:
        assert self.store is not None
        return self.store

    def _slot(self) -> int:
        return self.trust.network.slot_at(int(self.clock()))
