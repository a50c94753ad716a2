"""Events that set a parameter: each declared in a line, all folded alike."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eth_utils.address import to_checksum_address

from chainsync.decoding import Decoder, Event
from chainsync.kinds import Kind, LogRecord
from charter.models import Contract
from governance.models import Governor, ParameterChange
from governance.models.governor import TO_BE_ASKED
from governance.text import text_of, word_of
from ledger.actions import tell


class Told(NamedTuple):
    """One parameter that an event tells: name, scope (or empty), value before and after."""

    name: str
    scope: str
    previous: str
    value: str


Reading = Callable[[dict[str, Any]], list[Told]]


@dataclass(frozen=True, slots=True)
class Setting:
    """An event and how the parameters that it sets are read from its values."""

    event: Event
    read: Reading


class Change(NamedTuple):
    """A log and one parameter that it set."""

    log: LogRecord
    told: Told


def setting(
    declaration: str,
    name: str,
    *,
    value: str = "value",
    previous: str | None = "previous",
    scope: str | None = None,
    said: str | None = None,
    was: str = "",
) -> Setting:
    """Declare an event that sets the parameter `name`.

    `value`, `previous` and `scope` are the names of the event's values; an event without a value
    of its own `said` it by being emitted (and the parameter `was` something before).
    """

    def read(values: dict[str, Any]) -> list[Told]:
        return [
            Told(
                name,
                "" if scope is None else plain(values[scope]),
                was if said is not None or previous is None else plain(values[previous]),
                plain(values[value]) if said is None else said,
            )
        ]

    return Setting(Event.parse(declaration), read)


def several(declaration: str, read: Reading) -> Setting:
    """Declare an event that tells several parameters."""
    return Setting(Event.parse(declaration), read)


class Settings:
    """The settings of a kind, told apart by their events."""

    def __init__(self, settings: Sequence[Setting]) -> None:
        self._decoder = Decoder([one.event for one in settings])
        self._reads = {(one.event.topic0, one.event.topic_count): one.read for one in settings}
        self.topics = self._decoder.topics

    def decode(self, log: LogRecord) -> list[Change]:
        """What a log set. Raises Undecodable."""
        event, values = self._decoder.decode(log)
        read = self._reads[event.topic0, event.topic_count]
        return [Change(log, told) for told in read(values)]


def plain(value: Any) -> str:
    """A decoded value as the text in which it is kept: decimal, address, word, `true`."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case bytes() if len(value) == 20:
            return to_checksum_address(value)
        case bytes() if len(value) == 32:
            return word_of(value)
        case bytes():
            return "0x" + value.hex()
        case _:
            return text_of(str(value).encode("utf-8", "replace"))


def write(contract: Contract, changes: Iterable[Change]) -> None:
    """Write changed parameters."""
    ParameterChange.objects.bulk_create(
        [
            ParameterChange(
                contract=contract,
                block_number=change.log.block_number,
                log_index=change.log.log_index,
                tx_hash=change.log.tx_hash,
                timestamp=change.log.timestamp,
                name=change.told.name,
                scope=change.told.scope,
                previous=change.told.previous,
                value=change.told.value,
            )
            for change in changes
        ],
        batch_size=1000,
    )


def unfold(contract: Contract, from_block: int) -> int:
    """Take back the parameters set at `from_block` and above; returns how many."""
    gone, _ = ParameterChange.objects.filter(
        contract=contract, block_number__gte=from_block
    ).delete()
    if gone:
        # It described itself with parameters that are undone, so it must be asked again.
        described = Governor.objects.filter(contract=contract, block_number__gte=from_block)
        described.update(block_number=TO_BE_ASKED)
    return gone


def parameter_kind(name: str, settings: Sequence[Setting]) -> Kind:
    """Build the kind of a contract of which only the parameters are followed.

    Readers of topic `parameters:<contract key>` are told.
    """
    declared = Settings(settings)

    def fold(contract: Contract, logs: Sequence[LogRecord]) -> None:
        changes = [change for log in logs for change in declared.decode(log)]
        write(contract, changes)
        if changes:
            _tell(contract, len(changes))

    def take_back(contract: Contract, from_block: int) -> None:
        if gone := unfold(contract, from_block):
            _tell(contract, gone)

    return Kind(name=name, topics=declared.topics, fold=fold, unfold=take_back)


def _tell(contract: Contract, number: int) -> None:
    tell(topic=f"parameters:{contract.key}", event="parameters", detail={"parameters": number})
