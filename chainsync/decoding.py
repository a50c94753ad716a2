"""Events and functions by their signatures: our own ABI descriptions, written as Solidity does.

    VOTE_CAST = Event.parse("VoteCast(address indexed voter, uint256 proposalId, …)")
    VOTE_CAST.decode(log)["voter"]

Values arrive as int, bool, bytes (also addresses: 20 bytes), str, list and tuple. Text with invalid
UTF-8 is read with replacement characters; U+0000 is replaced too.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_abi.abi import encode

from chainsync.abi import BadData, BadSignature, Data, Type, compile_type, compile_values, split
from chainsync.kinds import LogRecord
from proofs.keccak import keccak256

_DECLARATION = re.compile(r"(?:event |function )?\s*([A-Za-z_$][\w$]*)\s*(\(.*)", re.DOTALL)
_RETURNS = re.compile(r"\)[^()]*\breturns\s*(\(.*\))\s*$", re.DOTALL)
_LOCATION = frozenset({"memory", "calldata", "storage", "payable"})


class Undecodable(ValueError):
    """Data that is not what its signature says; `log` is the log at fault, where there is one."""

    def __init__(self, message: str, log: LogRecord | None = None) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a signature: name (`arg0`, `arg1`, … when it has none), type, indexed or not."""

    name: str
    type: Type
    indexed: bool


@dataclass(frozen=True)
class Event:
    """An event that contracts emit."""

    name: str
    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(cls, declaration: str) -> "Event":
        """From `VoteCast(address indexed voter, uint256 proposalId)`. Raises BadSignature."""
        name, inputs, _ = _declaration(declaration)
        return cls(name, inputs)

    @cached_property
    def signature(self) -> str:
        """Canonical signature, `VoteCast(address,uint256)`."""
        return _signature(self.name, self.parameters)

    @cached_property
    def topic0(self) -> bytes:
        """Keccak-256 of the signature: 32 bytes."""
        return keccak256(self.signature.encode())

    @cached_property
    def topic_count(self) -> int:
        """How many topics a log of this event has, the first included."""
        return 1 + sum(parameter.indexed for parameter in self.parameters)

    @cached_property
    def _indexed(self) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.indexed]

    @cached_property
    def _plain(self) -> tuple[list[str], Callable[[bytes], tuple[Any, ...]]]:
        plain = [parameter for parameter in self.parameters if not parameter.indexed]
        return [p.name for p in plain], compile_values([p.type for p in plain])

    def fits(self, log: LogRecord) -> bool:
        """Whether the log has this event's first topic and number of topics."""
        return len(log.topics) == self.topic_count and log.topics[0] == self.topic0

    def decode(self, log: LogRecord) -> dict[str, Any]:
        """Values by name; an indexed text, array or tuple is the 32-byte hash in its topic.

        Raises Undecodable.
        """
        if not self.fits(log):
            raise Undecodable(f"The log is not a {self.signature}.", log)
        try:
            values = {
                parameter.name: _topic(parameter.type, topic)
                for parameter, topic in zip(self._indexed, log.topics[1:], strict=True)
            }
            names, read = self._plain
            values.update(zip(names, read(log.data), strict=True))
        except BadData as error:
            raise Undecodable(f"{self.name}: {error}.", log) from error
        return values


class Decoder:
    """Several events told apart by first topic and number of topics."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events: dict[tuple[bytes, int], Event] = {}
        for event in events:
            if self._events.setdefault((event.topic0, event.topic_count), event) is not event:
                raise BadSignature(f"{event.signature} is there twice with as many topics")

    @property
    def topics(self) -> frozenset[bytes]:
        """First topics of all events, for `Kind.topics`."""
        return frozenset(topic0 for topic0, _ in self._events)

    def find(self, log: LogRecord) -> Event | None:
        """The event of this log, or None when it is none of ours."""
        return self._events.get((log.topics[0], len(log.topics))) if log.topics else None

    def decode(self, log: LogRecord) -> tuple[Event, dict[str, Any]]:
        """Event and values of a log. Raises Undecodable, also when the event is not known."""
        event = self.find(log)
        if event is None:
            topic0 = log.topics[0].hex() if log.topics else "none"
            raise Undecodable(
                f"No event with first topic {topic0} and {len(log.topics)} topics.", log
            )
        return event, event.decode(log)


@dataclass(frozen=True)
class Function:
    """A function that contracts offer."""

    name: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]

    @classmethod
    def parse(cls, declaration: str) -> "Function":
        """From `quorum(uint256 timepoint) view returns (uint256)`. Raises BadSignature."""
        return cls(*_declaration(declaration))

    @cached_property
    def signature(self) -> str:
        """Canonical signature, `quorum(uint256)`."""
        return _signature(self.name, self.inputs)

    @cached_property
    def selector(self) -> bytes:
        """First four bytes of calldata."""
        return keccak256(self.signature.encode())[:4]

    @cached_property
    def _read_inputs(self) -> Callable[[bytes], tuple[Any, ...]]:
        return compile_values([parameter.type for parameter in self.inputs])

    @cached_property
    def _read_outputs(self) -> Callable[[bytes], tuple[Any, ...]]:
        return compile_values([parameter.type for parameter in self.outputs])

    def encode(self, *values: Any) -> bytes:
        """Calldata for these values. Raises eth_abi's EncodingError when they do not fit."""
        return self.selector + encode([parameter.type.name for parameter in self.inputs], values)

    def decode(self, calldata: bytes) -> dict[str, Any]:
        """Arguments by name from calldata, selector included. Raises Undecodable."""
        if calldata[:4] != self.selector:
            raise Undecodable(f"The calldata does not call {self.signature}.")
        return self.decode_arguments(calldata[4:])

    def decode_arguments(self, data: bytes) -> dict[str, Any]:
        """Arguments by name from calldata without its selector. Raises Undecodable."""
        try:
            values = self._read_inputs(data)
        except BadData as error:
            raise Undecodable(f"{self.name}: {error}.") from error
        return {p.name: value for p, value in zip(self.inputs, values, strict=True)}

    def returned(self, data: bytes) -> tuple[Any, ...]:
        """Values of a reply. Raises Undecodable, also when nothing came back (no such contract)."""
        try:
            return self._read_outputs(data)
        except BadData as error:
            raise Undecodable(f"Reply of {self.name}: {error}.") from error


def _declaration(text: str) -> tuple[str, tuple[Parameter, ...], tuple[Parameter, ...]]:
    match = _DECLARATION.fullmatch(text.strip())
    if match is None:
        raise BadSignature(f"{text!r} is not a declaration like `name(type name, …)`")
    inputs = _bracketed(match[2], text)
    returns = _RETURNS.search(match[2])
    outputs = _bracketed(returns[1], text) if returns else ""
    return match[1], _parameters(inputs), _parameters(outputs)


def _bracketed(text: str, whole: str) -> str:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1:at]
    raise BadSignature(f"unbalanced brackets in {whole!r}")


def _parameters(text: str) -> tuple[Parameter, ...]:
    return tuple(_parameter(part, number) for number, part in enumerate(split(text)))


def _parameter(text: str, number: int) -> Parameter:
    if text.startswith(("(", "tuple(")):
        inner = _bracketed(text.removeprefix("tuple"), text)
        rest = text.removeprefix("tuple")[len(inner) + 2 :]
        suffix, words = re.match(r"((?:\[\d*\])*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        type_ = f"({','.join(p.type.name for p in _parameters(inner))}){suffix}"
        rest_words = words.split()
    else:
        type_, *rest_words = text.split() or [""]
    indexed = "indexed" in rest_words
    named = [word for word in rest_words if word != "indexed" and word not in _LOCATION]
    if len(named) > 1:
        raise BadSignature(f"{text!r} is not `type name`")
    return Parameter(named[0] if named else f"arg{number}", compile_type(type_), indexed)


def _signature(name: str, parameters: Iterable[Parameter]) -> str:
    return f"{name}({','.join(parameter.type.name for parameter in parameters)})"


def _topic(type_: Type, topic: bytes) -> Any:
    if type_.dynamic or type_.name.endswith((")", "]")):
        return topic
    return type_.read(Data(topic), 0, 0)
