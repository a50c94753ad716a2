// One shard: its name in refusals, and the forms that all kinds share.

import { compare } from "./bytes.js";
import { Disordered, MalformedCertificate, within } from "./refusals.js";
import { decode, listOf, numberOf, stringOf } from "./rlp.js";
import { Nodes } from "./trie.js";

export class Shard {
  constructor(index, kind, bytes) {
    this.index = index;
    this.item = `shard ${index} (${kind})`;
    this.bytes = bytes;
  }

  /** The list that the shard is, of `count` items if that is given. */
  list(count) {
    const item = this.part("", () => decode(this.bytes));
    return this.form("", () => listOf(item, count));
  }

  /** What `act` reads; what it does not like is against the form of a shard. */
  form(place, act) {
    return within(this.item, place, act, MalformedCertificate);
  }

  /** What `act` finds in a part of the shard that has a form of its own. */
  part(place, act) {
    return within(this.item, place, act);
  }

  refuse(Type, place, words) {
    throw new Type(this.item, place, words);
  }

  /** A set of nodes, which stand in the order of their bytes. */
  nodes(item, place) {
    const nodes = this.form(place, () => listOf(item).map((node) => stringOf(node)));
    nodes.forEach((node, at) => {
      if (at && compare(nodes[at - 1], node) >= 0) this.refuse(Disordered, `${place}.${at}`, "nodes do not ascend");
    });
    return new Nodes(nodes);
  }

  /** Every node of a set has to be of use. */
  spent(nodes, place) {
    this.part(place, () => nodes.requireAllUsed());
  }

  /** Numbers that ascend, at least one. */
  ascending(item, place) {
    const numbers = this.some(item, place).map((entry, at) => this.form(`${place}.${at}`, () => numberOf(entry)));
    numbers.forEach((number, at) => {
      if (at && number <= numbers[at - 1]) this.refuse(Disordered, `${place}.${at}`, "numbers do not ascend");
    });
    return numbers;
  }

  /** The entries of a list that may not be empty. */
  some(item, place) {
    const items = this.form(place, () => listOf(item));
    if (!items.length) this.refuse(MalformedCertificate, place, "it is empty");
    return items;
  }

  /** The claim `[length, after]` about a history. */
  checkpoint(length, after, place) {
    const claim = this.form(place, () => ({ length: numberOf(length), after: numberOf(after) }));
    if (claim.after > claim.length) this.refuse(MalformedCertificate, place, "it is beyond the end of its history");
    return claim;
  }
}
