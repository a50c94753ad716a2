"""Calls in plain sentences, with the calls that they carry. Pure.

A call is told in full only where the charter says what kind of contract it goes to and that kind
describes the function. A selector that is merely known from elsewhere names the function; anything
else is shown as the bytes that it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from eth_utils.address import to_checksum_address

from chainsync.abi import BadSignature
from chainsync.decoding import Function, Undecodable
from governance import wording
from governance.calldata.describing import Described, Occasion, Subcall, Surroundings
from governance.text import one_line, word_of

DEPTH = 6
CALLS_AT_MOST = 200
"""Calls that are told of one action, nested ones included; the rest is counted."""
ARGUMENTS_SHOWN = 64
TEXT_SHOWN = 300
ETHER_DECIMALS = 18


class Grade(StrEnum):
    """How far a call is understood."""

    FULL = "full"
    FUNCTION = "function"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument as shown; `address` is set where the value is one."""

    name: str
    type: str
    text: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCall:
    """A call, told. `target` checksummed, `value` in wei, `calldata` with selector.

    `signature` is empty where the function is not known. `problem` says why a call is not fully
    understood, `warning` what a reader must not miss. `left_out` counts nested calls beyond the
    limits.
    """

    target: str
    target_name: str
    value: int
    calldata: bytes
    grade: Grade
    signature: str
    sentence: str
    arguments: tuple[Argument, ...] = ()
    problem: str = ""
    warning: str = ""
    inner: tuple["ToldCall", ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Functions by selector: those of a kind of contract, those of contracts that lie at the same
    address everywhere, and all that are known, whose meaning elsewhere is only a guess.
    """

    by_kind: Mapping[str, Mapping[bytes, Described]]
    by_address: Mapping[bytes, Mapping[bytes, Described]]
    anywhere: Mapping[bytes, Described]

    @classmethod
    def of(
        cls,
        kinds: Mapping[str, Sequence[Described]],
        addresses: Mapping[bytes, Sequence[Described]],
        anywhere: Sequence[Described],
    ) -> "Lexicon":
        """Put a lexicon together; what a kind describes is known from anywhere, too."""
        every = [one for functions in kinds.values() for one in functions]
        every += [one for functions in addresses.values() for one in functions]
        return cls(
            by_kind={kind: _by_selector(functions) for kind, functions in kinds.items()},
            by_address={at: _by_selector(functions) for at, functions in addresses.items()},
            anywhere=_by_selector([*every, *anywhere]),
        )


def tell(call: Subcall, around: Surroundings, lexicon: Lexicon, signature: str = "") -> ToldCall:
    """Tell a call and what it carries.

    `signature` is the text of a function (`setDelay(uint256)`) where the chain gives it apart from
    the calldata, as GovernorBravo does; `call.calldata` then has no selector.
    """
    return _Teller(around, lexicon).tell(call, signature, 0)


class _Teller:
    """Walks through nested calls and keeps count of them."""

    def __init__(self, around: Surroundings, lexicon: Lexicon) -> None:
        self.around = around
        self.lexicon = lexicon
        self.left = CALLS_AT_MOST

    def tell(self, call: Subcall, signature: str, depth: int) -> ToldCall:
        self.left -= 1
        described, known = None, True
        if signature:
            call, described, known = self._signed(call, signature)
        name = self.around.name(call.target)
        told = ToldCall(
            target=to_checksum_address(call.target),
            target_name=name,
            value=call.value,
            calldata=call.calldata,
            grade=Grade.UNKNOWN,
            signature="",
            sentence="",
            warning=_delegated(name) if call.delegated else "",
        )
        if not call.calldata:
            sentence = f"Send {_ether(call.value)} to {name}." if call.value else ""
            sentence = sentence or f"Call {name} without any data."
            return replace(told, grade=Grade.FULL, sentence=sentence)
        if described is None and known:
            described, known = self._find(call.target, call.calldata[:4])
        if described is None:
            return self._unknown(told, signature)
        return self._known(told, call, described, depth, sure=known)

    def _find(self, target: bytes, selector: bytes) -> tuple[Described | None, bool]:
        """What describes a selector at an address, and whether it surely means that there."""
        kind = self.around.kind(target)
        own = self.lexicon.by_address.get(target) or self.lexicon.by_kind.get(kind or "", {})
        if described := own.get(selector):
            return described, True
        return self.lexicon.anywhere.get(selector), False

    def _signed(self, call: Subcall, signature: str) -> tuple[Subcall, Described | None, bool]:
        """A call whose function is given as text: selector and all."""
        try:
            function = Function.parse(signature)
        except BadSignature:
            return call, None, False
        if function.signature != signature:
            return call, None, False
        call = call._replace(calldata=function.selector + call.calldata)
        described, known = self._find(call.target, function.selector)
        return call, described or Described(function, lambda at: ""), known

    def _unknown(self, told: ToldCall, signature: str) -> ToldCall:
        value = f", with {_ether(told.value)}," if told.value else ""
        if signature:
            shown = one_line(signature, TEXT_SHOWN)
            return replace(
                told,
                sentence=f"Call a function of {told.target_name}{value} that is not understood.",
                problem=f"The signature “{shown}” is not that of a function.",
            )
        if len(told.calldata) < 4:
            problem = "The data is too short to name a function."
        else:
            problem = f"No function with the selector 0x{told.calldata[:4].hex()} is known."
        return replace(
            told,
            sentence=f"Call a function of {told.target_name}{value} that is not known.",
            problem=problem,
        )

    def _known(
        self, told: ToldCall, call: Subcall, described: Described, depth: int, *, sure: bool
    ) -> ToldCall:
        function = described.function
        told = replace(told, signature=function.signature)
        value = f" with {_ether(told.value)}" if told.value else ""
        fallback = f"Call {function.name} of {told.target_name}{value}."
        try:
            arguments = function.decode(call.calldata)
        except Undecodable as refusal:
            return replace(
                told,
                grade=Grade.FUNCTION,
                sentence=fallback,
                problem=f"Its arguments cannot be read. {refusal}",
            )
        at = Occasion(call.target, call.value, arguments, self.around)
        shown = tuple(
            self._argument(parameter.name, parameter.type.name, arguments[parameter.name])
            for parameter in function.inputs
        )
        inner, left_out = self._inner(described, at, depth)
        told = replace(told, arguments=shown, inner=inner, left_out=left_out)
        said = described.say(at) if sure else ""
        if not said:
            kind = self.around.kind(call.target)
            why = "its kind does not list this function" if kind else "the charter does not name it"
            return replace(
                told,
                grade=Grade.FUNCTION,
                sentence=fallback,
                problem=f"What this function does at {told.target_name} is not known: {why}.",
            )
        if told.value:
            said = f"{said.removesuffix('.')}, and send {_ether(told.value)} with it."
        return replace(told, grade=Grade.FULL, sentence=said)

    def _inner(
        self, described: Described, at: Occasion, depth: int
    ) -> tuple[tuple[ToldCall, ...], int]:
        if described.inner is None:
            return (), 0
        calls = described.inner(at)
        told = []
        for call in calls:
            if depth + 1 >= DEPTH or self.left <= 0:
                break
            told.append(self.tell(call, "", depth + 1))
        return tuple(told), len(calls) - len(told)

    def _argument(self, name: str, type_: str, value: Any) -> Argument:
        address = to_checksum_address(value) if type_ == "address" else None
        text = self.around.name(value) if address else one_line(_shown(value, type_), TEXT_SHOWN)
        return Argument(name=name, type=type_, text=text, address=address)


def _shown(value: Any, type_: str) -> str:
    """A value in full or, where it is long, its beginning."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return wording.whole(value)
        case bytes() if type_.startswith("address"):
            return to_checksum_address(value)
        case bytes() if type_ == "bytes32":
            return word_of(value)
        case bytes():
            return "0x" + value[:TEXT_SHOWN].hex()
        case list() | tuple():
            shown = [_shown(item, type_) for item in value[:ARGUMENTS_SHOWN]]
            return f"[{', '.join(shown)}{', …' if len(value) > ARGUMENTS_SHOWN else ''}]"
        case _:
            return str(value)[: TEXT_SHOWN * 2]


def _ether(wei: int) -> str:
    return wording.tokens(wei, ETHER_DECIMALS, "ETH")


def _delegated(name: str) -> str:
    return f"This runs the code of {name} with all rights of the caller."


def _by_selector(functions: Sequence[Described]) -> dict[bytes, Described]:
    found: dict[bytes, Described] = {}
    for described in functions:
        found.setdefault(described.function.selector, described)
    return found
