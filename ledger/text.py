"""What PostgreSQL's text and jsonb cannot hold, made visible instead of refused.

Text from chains is written by strangers. A NUL or half of a surrogate pair in it would abort the
transaction that records it; each becomes U+FFFD, the replacement character.
"""

from collections.abc import Mapping
from typing import Any

_REPLACED = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


def storable(text: str) -> str:
    """The text with every character that cannot be stored replaced by U+FFFD."""
    return text.translate(_REPLACED)


def storable_facts(value: Any) -> Any:
    """A JSON value (mappings, lists, texts, whole numbers, booleans, None) made storable.

    Raises TypeError for anything else: floats are not exact, and other types have no one form.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return storable(str(value))
        case Mapping():
            return {storable(str(key)): storable_facts(item) for key, item in value.items()}
        case list() | tuple():
            return [storable_facts(item) for item in value]
    raise TypeError(
        f"{type(value).__name__} cannot be recorded: give whole numbers, text, lists and mappings"
    )
