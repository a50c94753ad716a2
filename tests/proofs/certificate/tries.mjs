// Looks keys up in tries: lines of JSON with root, key and nodes in hex; a line of words for each.

import { createInterface } from "node:readline";

import { hex, unhex } from "../../../static/js/verifier/bytes.js";
import { BadPart } from "../../../static/js/verifier/refusals.js";
import { Nodes } from "../../../static/js/verifier/trie.js";

function looked({ root, key, nodes }) {
  try {
    const proof = new Nodes(nodes.map(unhex));
    const value = proof.find(unhex(root), unhex(key));
    proof.requireAllUsed();
    return value === null ? "absent" : hex(value);
  } catch (error) {
    if (!(error instanceof BadPart)) throw error;
    return error.message;
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(looked(JSON.parse(line)));
