"""The gate through which untrusted integers and bytes enter the core."""

from __future__ import annotations

from .refusals import NotAnInteger, NotBytes, OutOfRange, WrongLength


def unsigned(name: str, value: object, bits: int = 256) -> int:
    """Return ``value`` if it is an int of 0 to 2**bits - 1, else refuse.

    Booleans are refused although Python counts them as ints: a contract's bool is never a quantity.
    Raises NotAnInteger, OutOfRange.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        kind = type(value).__name__
        raise NotAnInteger(f"{name} must be an integer, not {kind}.", name=name, type=kind)
    if value < 0 or value >> bits:
        raise OutOfRange(
            f"{name} must lie between 0 and 2**{bits} - 1.", name=name, value=value, bits=bits
        )
    return value


def octets(name: str, value: object) -> bytes:
    """Return ``value`` if it is bytes, else raise NotBytes (hex text is not bytes)."""
    if not isinstance(value, bytes):
        kind = type(value).__name__
        raise NotBytes(f"{name} must be bytes, not {kind}.", name=name, type=kind)
    return value


def fixed(name: str, value: object, length: int) -> bytes:
    """Return ``value`` if it is exactly ``length`` bytes long. Raises NotBytes, WrongLength."""
    data = octets(name, value)
    if len(data) != length:
        raise WrongLength(
            f"{name} must be {length} bytes long, not {len(data)}.",
            name=name,
            length=len(data),
            expected=length,
        )
    return data
