"""What is let into the core, and how a refusal speaks."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from proofs.inputs import fixed, octets, unsigned
from proofs.keccak import keccak256
from proofs.refusals import BatchRefused, NotAnInteger, NotBytes, OutOfRange, Refusal, WrongLength


@pytest.mark.parametrize("value", [0, 1, 2**256 - 1])
def test_a_uint256_passes_unchanged(value: int) -> None:
    assert unsigned("amount", value) == value


@pytest.mark.parametrize("value", [True, 1.0, "1", None, b"\x01"])
def test_nothing_but_an_integer_is_a_quantity(value: object) -> None:
    with pytest.raises(NotAnInteger, match="amount must be an integer"):
        unsigned("amount", value)


@pytest.mark.parametrize(("value", "bits"), [(-1, 256), (2**256, 256), (256, 8), (2**96, 96)])
def test_an_integer_that_its_field_cannot_hold_is_refused(value: int, bits: int) -> None:
    with pytest.raises(OutOfRange) as refused:
        unsigned("amount", value, bits)
    assert refused.value.facts == {"name": "amount", "value": value, "bits": bits}


def test_hex_text_is_not_bytes_and_a_short_address_is_not_an_address() -> None:
    assert octets("data", b"") == b""
    assert fixed("address", bytes(20), 20) == bytes(20)
    with pytest.raises(NotBytes):
        octets("data", "0x00")
    with pytest.raises(NotBytes):
        fixed("address", bytearray(20), 20)
    with pytest.raises(WrongLength, match="20 bytes long, not 19"):
        fixed("address", bytes(19), 20)


def test_a_refusal_keeps_its_facts_on_the_way_to_another_process() -> None:
    refusal = OutOfRange("Too wide.", name="amount", value=2**300)
    copy = pickle.loads(pickle.dumps(refusal))
    assert isinstance(copy, Refusal)
    assert (str(copy), copy.facts) == ("Too wide.", {"name": "amount", "value": 2**300})
    batch = pickle.loads(pickle.dumps(BatchRefused({3: refusal}, {0: b"proven"})))
    assert isinstance(batch, BatchRefused)
    assert (str(batch.refusals[3]), batch.answers) == ("Too wide.", {0: b"proven"})
    assert batch.facts == {"item": 3}


def test_keccak_is_that_of_the_evm() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    transfer = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert keccak256(b"").hex() == empty
    assert keccak256(b"Transfer(address,address,uint256)").hex() == transfer


def test_the_core_loads_without_framework_node_client_or_http() -> None:
    program = """
import importlib, pkgutil, sys
import proofs
for module in pkgutil.walk_packages(proofs.__path__, "proofs."):
    importlib.import_module(module.name)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"django", "web3", "eth_account", "urllib3", "requests", "aiohttp"}))
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
