"""The compiled readers of JSON values and of hex digits take what every reader takes, no more."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofs.chain.kernels.digits import put_digits
from proofs.chain.kernels.values import value_end

# The first call compiles.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(0, 10**15 - 1),
        st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=70),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", 'b"', "a long\\name/\n"]), inner),
    ),
    max_leaves=12,
)


def end_of(text: bytes) -> int:
    return int(value_end(np.frombuffer(text, np.uint8), 0, 16))


def decoded(text: bytes) -> Any:
    """What a reader makes of it; NotImplemented where it is no JSON."""
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return NotImplemented


@PATIENT
@given(PLAIN, st.sampled_from([None, 1]), st.sampled_from(["", ",", "}", " \n]"]))
def test_plain_values_are_passed_over_whole(value: Any, indent: int | None, after: str) -> None:
    text = json.dumps(value, indent=indent).encode()
    assert end_of(text + after.encode()) == len(text)


@PATIENT
@given(PLAIN, st.data())
def test_nothing_is_passed_over_that_is_no_value(value: Any, data: st.DataObject) -> None:
    text = bytearray(json.dumps(value).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        strange = data.draw(st.sampled_from(b'"\\,:[]{}0123-+.eEntfu/ \n\x00\x1f\x7f\x80\xff'))
        text[at : at + data.draw(st.integers(0, 1))] = bytes((strange,))
    end = end_of(bytes(text))
    if end >= 0:
        assert decoded(bytes(text[:end])) is not NotImplemented


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "nul", "tru", "fals", "nulL", "True", "-1", "01", "[1.5]", "[1e3]", "1" * 16),
        *('"', '"a', '"\\', '"\\u0061"', '"\\x"', '"\n"', '"\x7f\x80"', "'a'", "[", "[1", "[1,"),
        *("[1,]", "[,1]", "[1 2]", "[}", "{]", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,', "]"),
        *('{"a":1,}', '{"a",1}', "{a:1}", "{1:1}", '{"a":1 "b":2}', '{"a"}', "[" * 17 + "]" * 17),
    ],
)
def test_what_is_no_value_is_irregular(text: str) -> None:
    assert end_of(text.encode("latin-1")) == -1


def test_values_may_lie_as_deep_as_is_said() -> None:
    assert end_of(b"[" * 16 + b"]" * 16) == 32
    assert end_of(b'{"a":' * 16 + b"1" + b"}" * 16) == 6 * 16 + 1


@pytest.mark.parametrize("size", [1, 15, 16, 17, 20, 32, 33])
def test_every_character_at_every_place_is_a_digit_or_none(size: int) -> None:
    """Vectors of sixteen bytes and what is left beside them."""
    hexadecimal = b"0123456789abcdefABCDEF"
    for place in range(2 * size):
        for byte in range(256):
            text = np.frombuffer(b"5" * place + bytes([byte]) + b"7" * (2 * size), np.uint8)
            out = np.zeros(size + 16, np.uint8)
            good = put_digits(text, 0, size, out, 0)
            assert good == (byte in hexadecimal)
            if good:
                digits = text[: 2 * size].tobytes().decode()
                assert out[:size].tobytes() == bytes.fromhex(digits)
            assert not out[size:].any()
