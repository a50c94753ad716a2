// Storage of a contract as nodes prove it, and the histories that are kept in it.

import { concat, keccak, LIMIT, toNumber, word } from "./bytes.js";
import { BadPart, ClaimMismatch } from "./refusals.js";
import { decode, numberOf, stringOf } from "./rlp.js";

const BITS = { oz5: [48n, 208n], oz4: [32n, 224n], comp: [32n, 96n], dydx: [128n, 128n] };

/** The slot of a mapping's entry; a key is a number or an address. */
export function entry(slot, key) {
  const padded = typeof key === "bigint" ? word(key) : concat(new Uint8Array(32 - key.length), key);
  return toNumber(keccak(concat(padded, word(slot))));
}

/** Fields of a word from its lowest bit on; what is above the last has to be zero. */
export function unpack(value, ...bits) {
  const found = bits.map((width) => {
    const field = value & ((1n << width) - 1n);
    value >>= width;
    return field;
  });
  if (value) throw new BadPart("a word has bits above its last field");
  return found;
}

/** A word that can only be 0 or 1, as a truth value. */
export function flag(value) {
  if (value > 1n) throw new BadPart(`a flag is ${value}`);
  return value === 1n;
}

/** Words under a storage root. `zeros` counts the leaves that hold a zero, over all storages. */
export class Storage {
  constructor(root, nodes, zeros) {
    this.root = root;
    this.nodes = nodes;
    this.zeros = zeros;
  }

  /** The word in a slot. Throws BadPart. */
  word(slot) {
    const value = this.nodes.find(this.root, keccak(word(slot % LIMIT)));
    if (value === null) return 0n;
    const bytes = stringOf(decode(value));
    if (bytes.length) return numberOf(bytes, 32);
    if (!this.zeros.kept) throw new BadPart(`slot ${slot} has a leaf that holds zero`);
    this.zeros.seen++;
    return 0n;
  }
}

/** Where a history lies: `kind` is the form of its elements. */
export function historyAt(kind, slot, countSlot) {
  if (countSlot !== null) return { kind, length: countSlot, element: (index) => entry(slot, index) };
  const first = toNumber(keccak(word(slot)));
  return { kind, length: slot, element: (index) => first + index };
}

/** The value in force at `start`, if the history is as claimed: `{ length, after }`. */
export function inForce(shard, place, storage, history, claim, start) {
  const [length] = shard.part(place, () => unpack(storage.word(history.length), 32n));
  if (length !== claim.length) shard.refuse(ClaimMismatch, place, `the history has ${length} entries, not ${claim.length}`);
  const element = (index) => unpack(storage.word(history.element(index)), ...BITS[history.kind]);
  return shard.part(place, () => {
    const [key, value] = claim.after ? element(claim.after - 1n) : [0n, 0n];
    if (key > start) throw new BadPart(`the checkpoint is of ${key}, after ${start}`);
    if (claim.after < length) {
      const [next] = element(claim.after);
      if (next <= start) throw new BadPart(`the next checkpoint, of ${next}, is not after ${start}`);
    }
    return value;
  });
}
