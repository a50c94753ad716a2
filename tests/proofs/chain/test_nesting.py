"""What is nested too deeply for a decoder is refused, and nothing else is."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.chain.nesting import MAX_DEPTH, shallow
from proofs.refusals import UnreadableAnswer

TOWER = "[" * 3 * MAX_DEPTH + "]" * 3 * MAX_DEPTH


@given(st.lists(st.text(alphabet='[]{}"\\,: x'), max_size=4))
def test_brackets_within_strings_are_no_nesting(texts: list[str]) -> None:
    written = json.dumps({"texts": [*texts, "[{" * 40]}).encode()
    assert msgspec.json.decode(shallow(written)) == {"texts": [*texts, "[{" * 40]}


@given(st.lists(st.text(alphabet='[]{}"\\,: x'), max_size=4))
def test_no_string_hides_a_tower(texts: list[str]) -> None:
    written = json.dumps(texts)[:-1] + ("," if texts else "") + TOWER + "]"
    json.loads(written)
    with pytest.raises(UnreadableAnswer, match="too deeply"):
        shallow(written.encode())


@pytest.mark.parametrize("part", [b'\\"', b'"', b"\\", b"[", b'{"', b'"[', b'"\\"'])
def test_a_text_that_never_closes_is_looked_at_once(part: bytes) -> None:
    """Looked at from each of its quotes anew, a megabyte would take hours."""
    text = TOWER.encode() + b',"' + part * (2**20 // len(part))
    with pytest.raises(UnreadableAnswer, match="too deeply"):
        shallow(text)
