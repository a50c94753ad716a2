// Merkle-Patricia tries (Yellow Paper, appendix D): what a set of nodes proves under a root.

import { equal, hex, keccak } from "./bytes.js";
import { BadPart } from "./refusals.js";
import { decode, List, listOf, stringOf } from "./rlp.js";

const EMPTY_ROOT = keccak(Uint8Array.of(0x80));

/** The nodes of one proof. Each is hashed once, and parsed once if a path leads over it. */
export class Nodes {
  /** @param {Uint8Array[]} encoded */
  constructor(encoded) {
    this.known = new Map(encoded.map((bytes) => [hex(keccak(bytes)), { bytes, node: null }]));
  }

  /** The value at a key under a root, or null where it is proven absent. Throws BadPart. */
  find(root, key) {
    if (equal(root, EMPTY_ROOT)) return null;
    const path = nibbles(key);
    let node = this.#named(root, true);
    for (let at = 0; ; ) {
      let child;
      if (node.children) {
        if (at === path.length) return node.value.length ? node.value : null;
        child = node.children[path[at++]];
      } else {
        if (!node.path.every((nibble, ahead) => path[at + ahead] === nibble)) return null;
        at += node.path.length;
        if (node.value) return at === path.length ? node.value : null;
        child = node.child;
      }
      if (child === null) return null;
      const below = child instanceof Uint8Array ? this.#named(child, false) : child;
      if (node.child && !below.children) throw new BadPart("an extension does not lead to a branch");
      node = below;
    }
  }

  /** Throws BadPart if a node lies on no path that was asked for. */
  requireAllUsed() {
    for (const [name, { node }] of this.known) {
      if (!node) throw new BadPart(`node 0x${name} is on the path of no key`);
    }
  }

  #named(hash, isRoot) {
    const found = this.known.get(hex(hash));
    if (!found) throw new BadPart(`node 0x${hex(hash)} is missing`);
    if (!isRoot && found.bytes.length < 32) throw new BadPart("a node shorter than 32 bytes is named by its hash");
    found.node ??= parse(decode(found.bytes));
    return found.node;
  }
}

function parse(item) {
  const items = listOf(item);
  if (items.length === 17) {
    const children = items.slice(0, 16).map(childOf);
    const value = stringOf(items[16]);
    const ways = children.filter((child) => child !== null).length + (value.length ? 1 : 0);
    if (ways < 2) throw new BadPart("a branch has fewer than two ways on");
    return { children, value };
  }
  if (items.length !== 2) throw new BadPart(`a node has ${items.length} entries`);
  const { path, leaf } = pathOf(stringOf(items[0]));
  if (leaf) {
    if (!stringOf(items[1]).length) throw new BadPart("a leaf has no value");
    return { path, value: items[1] };
  }
  const child = childOf(items[1]);
  if (!path.length || child === null) throw new BadPart("an extension has no path or no child");
  if (!(child instanceof Uint8Array) && !child.children) throw new BadPart("an extension does not lead to a branch");
  return { path, child };
}

function childOf(item) {
  if (item instanceof List) {
    if (item.size >= 32) throw new BadPart("a node of 32 bytes or more stands in its parent");
    return parse(item);
  }
  if (!item.length) return null;
  return stringOf(item, 32);
}

function pathOf(bytes) {
  const all = nibbles(bytes);
  const flag = all[0];
  if (flag === undefined || flag > 3) throw new BadPart("the path of a node has no valid flag");
  if (flag % 2 === 0 && all[1] !== 0) throw new BadPart("the path of a node is not padded with zero");
  return { path: all.slice(flag % 2 ? 1 : 2), leaf: flag >= 2 };
}

function nibbles(bytes) {
  const found = [];
  for (const byte of bytes) found.push(byte >> 4, byte & 15);
  return found;
}
