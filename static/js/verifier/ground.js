// What stands at the anchor: the block, the code there, and where that code names a value.

import { ascii, equal, hex, keccak, toNumber } from "./bytes.js";
import { BadPart, ClaimMismatch, TooLarge } from "./refusals.js";
import { decode, listOf, numberOf, stringOf } from "./rlp.js";

const NO_CODE = keccak(new Uint8Array(0));
const NO_STORAGE = keccak(Uint8Array.of(0x80));
const MOST_CODE = 65536;
const PUSH32 = 0x7f;
const IMPLEMENTATION = toNumber(keccak(ascii("eip1967.proxy.implementation"))) - 1n;

/** The fields of a header that are needed, and its hash. Throws BadPart. */
export function readHeader(bytes) {
  const fields = listOf(decode(bytes));
  if (fields.length < 15) throw new BadPart(`a header has ${fields.length} fields`);
  return {
    hash: keccak(bytes),
    parent: stringOf(fields[0], 32),
    stateRoot: stringOf(fields[3], 32),
    receiptsRoot: stringOf(fields[5], 32),
    number: numberOf(fields[8]),
    timestamp: numberOf(fields[11]),
  };
}

/** Storage root and code hash of an account under a state root. Throws BadPart. */
export function readAccount(root, nodes, address) {
  const value = nodes.find(root, keccak(address));
  if (value === null) return { storageRoot: NO_STORAGE, code: NO_CODE };
  const [nonce, balance, storageRoot, code] = listOf(decode(value), 4);
  numberOf(nonce);
  numberOf(balance, 32);
  return { storageRoot: stringOf(storageRoot, 32), code: stringOf(code, 32) };
}

/** Check 2: the anchor's header, and the storage roots of governor and token. */
export function checkState(shard, head) {
  const [raw, set] = shard.list(2);
  const bytes = shard.form("header", () => stringOf(raw));
  const header = shard.form("header", () => readHeader(bytes));
  if (!equal(header.hash, head.anchor)) {
    shard.refuse(ClaimMismatch, "header", `it hashes to 0x${hex(header.hash)}, which is not the anchor`);
  }
  const nodes = shard.nodes(set, "nodes");
  const root = (contract, place) => {
    const account = shard.part(place, () => readAccount(header.stateRoot, nodes, contract.address));
    if (!equal(account.code, contract.code)) shard.refuse(ClaimMismatch, place, `its code is 0x${hex(account.code)}`);
    if (contract.implementation) root(contract.implementation, `${place}.implementation`);
    return account.storageRoot;
  };
  const roots = { governor: root(head.governor, "governor"), token: root(head.token, "token") };
  shard.spent(nodes, "nodes");
  return { header, roots };
}

/** Check 3: the governor's running code. */
export function checkCode(shard, { code, implementation }) {
  if (shard.bytes.length > MOST_CODE) shard.refuse(TooLarge, "", "code has at most 65,536 bytes");
  if (!equal(keccak(shard.bytes), (implementation ?? { code }).code)) {
    shard.refuse(ClaimMismatch, "", "it is not the governor's running code");
  }
  return shard.bytes;
}

/** The ERC-1967 slot of a contract has to hold the implementation that is named, or zero. */
export function checkImplementation(shard, storage, { implementation }) {
  const held = shard.part("implementation", () => storage.word(IMPLEMENTATION));
  if (held !== (implementation ? toNumber(implementation.address) : 0n)) {
    shard.refuse(ClaimMismatch, "implementation", "the slot holds another one");
  }
}

/** The value at offsets of the code, which have to be all that push it; null if they are not. */
export function pushed(code, offsets) {
  if (offsets[0] + 33 > code.length) return null;
  const value = code.subarray(offsets[0] + 1, offsets[0] + 33);
  const found = [];
  for (let at = code.indexOf(PUSH32); at >= 0; at = code.indexOf(PUSH32, at + 1)) {
    if (equal(code.subarray(at + 1, at + 33), value)) found.push(at);
  }
  const all = found.length === offsets.length && found.every((at, index) => at === offsets[index]);
  return all ? toNumber(value) : null;
}
