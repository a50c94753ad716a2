"""How a timelock folds: its operations, and its parameters out of the same logs."""

from collections.abc import Callable, Sequence

from chainsync.decoding import Decoder
from chainsync.kinds import Kind, LogRecord
from charter.models import Contract
from governance.folding import operations, parameters
from governance.folding.operations import Happened, Scheduled


def kind(
    name: str,
    decoder: Decoder,
    settings: parameters.Settings,
    entry: Callable[[LogRecord], Scheduled | Happened],
) -> Kind:
    """The kind of timelocks of this name: `settings` reads its parameters, `entry` what its other
    logs, those of `decoder`, say of an operation."""

    def fold(contract: Contract, logs: Sequence[LogRecord]) -> None:
        entries: list[Scheduled | Happened] = []
        changes: list[parameters.Change] = []
        for log in logs:
            if log.topics[0] in settings.topics:
                changes += settings.decode(log)
            else:
                entries.append(entry(log))
        operations.fold(contract, entries)
        parameters.write(contract, changes)

    def unfold(contract: Contract, from_block: int) -> None:
        operations.unfold(contract, from_block)
        parameters.unfold(contract, from_block)

    return Kind(name=name, topics=decoder.topics | settings.topics, fold=fold, unfold=unfold)
