"""Finds the receipts roots of the replies in a file; prints milliseconds of processor time."""

import json
import sys
import time
from pathlib import Path

import rlp
from trie import HexaryTrie


def raw(text):
    return bytes.fromhex(text[2:])


def encoded(row):
    logs = [
        [raw(log["address"]), [raw(topic) for topic in log["topics"]], raw(log["data"])]
        for log in row["logs"]
    ]
    fields = [
        int(row["status"], 16),
        int(row["cumulativeGasUsed"], 16),
        raw(row["logsBloom"]),
        logs,
    ]
    kind = int(row["type"], 16)
    if kind == 0x7E:
        fields += [int(row[name], 16) for name in ("depositNonce", "depositReceiptVersion")]
    return (bytes((kind,)) if kind else b"") + rlp.encode(fields)


given = json.loads(Path(sys.argv[1]).read_text())
began = time.process_time()
for body, root in zip(given["bodies"], given["roots"], strict=True):
    trie = HexaryTrie({})
    for position, row in enumerate(json.loads(body)["result"]):
        trie[rlp.encode(position)] = encoded(row)
    if trie.root_hash.hex() != root:
        sys.exit("wrong root")
print(1000 * (time.process_time() - began))
