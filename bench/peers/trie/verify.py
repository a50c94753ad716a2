"""Verifies the storage proofs in the file that is named; prints milliseconds of processor time."""

import json
import sys
import time
from pathlib import Path

import rlp
from eth_utils import keccak
from trie import HexaryTrie

given = json.loads(Path(sys.argv[1]).read_text())
root = bytes.fromhex(given["root"])
spent = 0.0
for slot, value, nodes in given["rows"]:
    key, raw = keccak(bytes.fromhex(slot)), [bytes.fromhex(node) for node in nodes]
    began = time.process_time()
    found = HexaryTrie.get_from_proof(root, key, [rlp.decode(node) for node in raw])
    spent += time.process_time() - began
    if found.hex() != value:
        sys.exit("wrong value")
print(1000 * spent)
