"""Encoding of calls and decoding of answers, logs and errors from an artifact's ABI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address

from lab import artifacts


def canonical(entry: dict[str, Any]) -> str:
    """The canonical type of an ABI input, with tuples spelled out."""
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(canonical(component) for component in entry["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(canonical(item) for item in entry['inputs'])})"


@dataclass(frozen=True)
class Event:
    """A decoded log: ``name``, arguments by name, and the emitting address."""

    name: str
    arguments: dict[str, Any]
    address: str


class Contract:
    """A deployed contract: its address and the encodings of its artifact's ABI.

    Overloaded functions are addressed by full signature, e.g. ``"queue(uint256)"``; a bare name
    is enough where it is unique.
    """

    def __init__(self, artifact: str, address: str) -> None:
        self.address = to_checksum_address(address)
        self.functions: dict[str, dict[str, Any]] = {}
        self.events: dict[bytes, dict[str, Any]] = {}
        self.errors: dict[bytes, dict[str, Any]] = {}
        for entry in artifacts.load(artifact)["abi"]:
            if entry["type"] == "function":
                self.functions[_signature(entry)] = entry
            elif entry["type"] == "event":
                self.events[keccak(text=_signature(entry))] = entry
            elif entry["type"] == "error":
                self.errors[keccak(text=_signature(entry))[:4]] = entry

    def function(self, name: str) -> dict[str, Any]:
        """The ABI entry of a function; KeyError when unknown or ambiguous."""
        if name in self.functions:
            return self.functions[name]
        found = [entry for entry in self.functions.values() if entry["name"] == name]
        if len(found) != 1:
            raise KeyError(f"{name}: {len(found)} functions of that name")
        return found[0]

    def data(self, name: str, *arguments: Any) -> bytes:
        """Calldata of a call."""
        entry = self.function(name)
        types = [canonical(item) for item in entry["inputs"]]
        return keccak(text=_signature(entry))[:4] + encode(types, list(arguments))

    def result(self, name: str, returned: bytes) -> Any:
        """The decoded answer: one value, or a tuple where the function returns several."""
        types = [canonical(item) for item in self.function(name)["outputs"]]
        values = decode(types, returned)
        return values[0] if len(values) == 1 else values

    def event(self, log: dict[str, Any]) -> Event | None:
        """The log decoded, or None when it is not of this contract."""
        if log["address"].lower() != self.address.lower() or not log["topics"]:
            return None
        entry = self.events.get(bytes.fromhex(log["topics"][0][2:]))
        if entry is None:
            return None
        plain = [item for item in entry["inputs"] if not item["indexed"]]
        indexed = [item for item in entry["inputs"] if item["indexed"]]
        values = decode([canonical(item) for item in plain], bytes.fromhex(log["data"][2:]))
        arguments = {item["name"]: value for item, value in zip(plain, values, strict=True)}
        for item, topic in zip(indexed, log["topics"][1:], strict=True):
            raw = bytes.fromhex(topic[2:])
            dynamic = canonical(item) in ("string", "bytes")
            arguments[item["name"]] = raw if dynamic else decode([canonical(item)], raw)[0]
        return Event(entry["name"], arguments, self.address)

    def error(self, data: bytes) -> str | None:
        """A custom error of this contract in words, or None when it is not known here."""
        entry = self.errors.get(data[:4])
        if entry is None:
            return None
        values = decode([canonical(item) for item in entry["inputs"]], data[4:])
        shown = (f"0x{v.hex()}" if isinstance(v, bytes) else str(v) for v in values)
        return f"{entry['name']}({', '.join(shown)})"


def init_code(artifact: str, *arguments: Any) -> bytes:
    """Creation code of an artifact with its constructor's arguments."""
    described = artifacts.load(artifact)
    code = bytes.fromhex(described["bytecode"].removeprefix("0x"))
    constructor = next((e for e in described["abi"] if e["type"] == "constructor"), None)
    inputs = constructor["inputs"] if constructor else []
    return code + encode([canonical(item) for item in inputs], list(arguments))
