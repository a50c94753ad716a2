"""Values of SSZ in the form of the beacon API."""

from __future__ import annotations

from typing import Any

from proofs.chain.ssz import Container, Uint, Vector


def as_json(schema: Any, value: Any) -> Any:
    """The form of a value in the beacon API."""
    if isinstance(schema, Container):
        return {name: as_json(each, getattr(value, name)) for name, each in schema.fields.items()}
    if isinstance(schema, Vector):
        return [as_json(schema.item, each) for each in value]
    return str(value) if isinstance(schema, Uint) else "0x" + schema.write(value).hex()
