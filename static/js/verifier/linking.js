// Check 7: every block that is used is an ancestor of the anchor, by parent hashes or EIP-2935.

import { equal, unhex, word } from "./bytes.js";
import { readAccount, readHeader } from "./ground.js";
import { BrokenLink, Disordered, MalformedCertificate, UnusedWitness } from "./refusals.js";
import { numberOf, stringOf } from "./rlp.js";
import { Storage } from "./storage.js";

const HISTORY_CONTRACT = unhex("0x0000f90827f1c53a10cb7a02335b175320002935");
const WINDOW = 8191n;

export class Chain {
  constructor(anchor, zeros) {
    this.zeros = zeros;
    this.headers = new Map([[anchor.number, { ...anchor, item: "shard 0 (state)", useful: true }]]);
    this.lowest = anchor.number;
    this.known = new Map();
    this.hashes = [];
    this.#learn(anchor.number - 1n, anchor.parent, this.headers.get(anchor.number));
  }

  /** How many headers are taken in, the anchor among them. */
  get linked() {
    return this.headers.size;
  }

  takeHeaders(shard) {
    const items = shard.list();
    if (!items.length) shard.refuse(MalformedCertificate, "", "it is empty");
    items.forEach((item, index) => {
      const place = `headers.${index}`;
      const bytes = shard.form(place, () => stringOf(item));
      const header = { ...shard.form(place, () => readHeader(bytes)), item: shard.item, place, useful: false };
      if (header.number >= this.lowest) shard.refuse(Disordered, place, "headers do not descend");
      const known = this.known.get(header.number);
      if (!known || !equal(known.hash, header.hash)) {
        shard.refuse(BrokenLink, place, `nothing links block ${header.number} to the anchor`);
      }
      known.giver.useful = true;
      this.headers.set(header.number, header);
      this.lowest = header.number;
      this.#learn(header.number - 1n, header.parent, header);
    });
  }

  takeHistory(shard) {
    const [at, accountNodes, storageNodes, listed] = shard.list(4);
    const number = shard.form("number", () => numberOf(at));
    const header = this.headers.get(number);
    if (!header) shard.refuse(BrokenLink, "number", `nothing links block ${number} to the anchor`);
    const numbers = shard.ascending(listed, "numbers");
    const accounts = shard.nodes(accountNodes, "account");
    const { storageRoot } = shard.part("account", () => readAccount(header.stateRoot, accounts, HISTORY_CONTRACT));
    shard.spent(accounts, "account");
    const storage = new Storage(storageRoot, shard.nodes(storageNodes, "storage"), this.zeros);
    numbers.forEach((wanted, index) => {
      const place = `numbers.${index}`;
      if (wanted + WINDOW < number || wanted >= this.lowest) {
        shard.refuse(BrokenLink, place, `block ${wanted} is not one of those before`);
      }
      const hash = word(shard.part(place, () => storage.word(wanted % WINDOW)));
      const known = this.known.get(wanted);
      if (known && !equal(known.hash, hash)) shard.refuse(BrokenLink, place, `block ${wanted} is known by another hash`);
      if (known) return;
      this.#learn(wanted, hash, header, true);
      this.hashes.push({ item: shard.item, place, number: wanted });
    });
    shard.spent(storage.nodes, "storage");
  }

  /** The anchor or a linked header, which from now on is of use. */
  block(shard, number, place) {
    const header = this.headers.get(number);
    if (!header) shard.refuse(BrokenLink, place, `nothing links block ${number} to the anchor`);
    header.useful = true;
    return header;
  }

  /** How a linked block hangs on the anchor: parent hashes followed, and blocks whose history was asked. */
  path(number) {
    const path = { parents: 0, hops: [] };
    for (let at = number; this.known.has(at); ) {
      const { giver, hop } = this.known.get(at);
      if (hop) path.hops.push(giver.number);
      else path.parents++;
      at = giver.number;
    }
    return path;
  }

  /** Once all shards are read: nothing was given for nothing. */
  finish() {
    for (const { useful, item, place, number } of this.headers.values()) {
      if (!useful) throw new UnusedWitness(item, place, `nothing rests on the header of block ${number}`);
    }
    for (const { item, place, number } of this.hashes) {
      if (!this.headers.has(number)) throw new UnusedWitness(item, place, `nothing rests on the hash of block ${number}`);
    }
  }

  #learn(number, hash, giver, hop = false) {
    if (!this.known.has(number)) this.known.set(number, { hash, giver, hop });
  }
}
