// Checks 5, 9 and 10: the token, the power of every voter, and what each has used of it.

import { compare, equal, hex, toNumber } from "./bytes.js";
import { receiptsSlot, requirePast } from "./governor.js";
import { checkImplementation } from "./ground.js";
import { ClaimMismatch, Disordered, MalformedCertificate } from "./refusals.js";
import { listOf, stringOf } from "./rlp.js";
import { entry, flag, historyAt, inForce, Storage, unpack } from "./storage.js";

/** The supply at the start of voting, or null where the quorum needs none. */
export function checkToken(shard, head, ground) {
  const [claim, set] = shard.list(2);
  const { kind, slots } = head.token;
  const storage = new Storage(ground.roots.token, shard.nodes(set, "nodes"), ground.zeros);
  checkImplementation(shard, storage, head.token);
  const parts = shard.form("checkpoint", () => listOf(claim, slots.supply === null ? 0 : 2));
  let supply = null;
  if (parts.length) {
    const checkpoint = shard.checkpoint(...parts, "checkpoint");
    const history = historyAt(kind, slots.supply, slots.supplyCount);
    supply = inForce(shard, "checkpoint", storage, history, checkpoint, ground.governor.core.start);
  }
  shard.spent(storage.nodes, "nodes");
  if (ground.governor.token !== toNumber(head.token.address)) {
    shard.refuse(ClaimMismatch, "", "the governor goes by another token");
  }
  return supply;
}

/** Walks over the voters in the order of their addresses, through all shards of one kind. */
export class Roll {
  constructor(votes) {
    this.voters = [...votes.values()].sort((left, right) => compare(left.address, right.address));
    this.at = 0;
  }

  next(shard, item, place) {
    const address = shard.form(place, () => stringOf(item, 20));
    const voter = this.voters[this.at++];
    if (!voter || !equal(address, voter.address)) shard.refuse(Disordered, place, `0x${hex(address)} is not the next who voted`);
    return voter;
  }

  finish(item) {
    const voter = this.voters[this.at];
    if (voter) throw new MalformedCertificate(item, "", `voter 0x${hex(voter.address)} is missing`);
  }
}

/** Puts the power of each voter of a shard beside its votes. */
export function checkPowers(shard, head, ground, roll) {
  const [entries, set] = shard.list(2);
  const { kind, slots } = head.token;
  const storage = new Storage(ground.roots.token, shard.nodes(set, "nodes"), ground.zeros);
  const { start } = ground.governor.core;
  requirePast(shard, head, ground, start);
  shard.some(entries, "voters").forEach((item, index) => {
    const place = `voters.${index}`;
    const [address, length, after] = shard.form(place, () => listOf(item, 3));
    const voter = roll.next(shard, address, place);
    const claim = shard.checkpoint(length, after, place);
    const counts = slots.counts === null ? null : entry(slots.counts, voter.address);
    const history = historyAt(kind, entry(slots.checkpoints, voter.address), counts);
    voter.power = inForce(shard, place, storage, history, claim, start);
    if (kind === "dydx" && !claim.length) {
      voter.power = shard.part(place, () => storage.word(entry(slots.balances, voter.address)));
    }
    if (voter.watched) voter.checkpoint = { ...claim, shard: shard.index };
  });
  shard.spent(storage.nodes, "nodes");
}

/** Puts what the governor keeps about each voter of a shard beside its votes. */
export function checkUsed(shard, head, ground, roll) {
  const [voters, set] = shard.list(2);
  const storage = new Storage(ground.roots.governor, shard.nodes(set, "nodes"), ground.zeros);
  const slot = receiptsSlot(head);
  shard.some(voters, "voters").forEach((item, index) => {
    const place = `voters.${index}`;
    const voter = roll.next(shard, item, place);
    const kept = shard.part(place, () => storage.word(entry(slot, voter.address)));
    voter.kept = shard.part(place, () => keptOf(head.governor.form, kept));
    if (voter.watched) voter.receipt = { word: kept, shard: shard.index };
  });
  shard.spent(storage.nodes, "nodes");
}

function keptOf(form, value) {
  if (form === "fractional") return { used: value };
  if (form === "simple") return { voted: flag(value) };
  // Under overridable counting a head has no votes, and so none of these shards.
  const [voted, support, weight] = unpack(value, 8n, 8n, 96n);
  return { voted: flag(voted), support, weight };
}
