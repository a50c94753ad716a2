// Check 4: the proposal in the governor's storage, its totals and the quorum's numerator.

import { hex, word } from "./bytes.js";
import { checkImplementation, pushed } from "./ground.js";
import { BadPart, ClaimMismatch, MalformedCertificate } from "./refusals.js";
import { listOf } from "./rlp.js";
import { entry, flag, historyAt, inForce, Storage, unpack } from "./storage.js";

const TOTALS = {
  simple: [0n, 1n, 2n],
  fractional: [0n, 1n, 2n],
  overridable: [0n, 1n, 2n],
  "bravo compatible": [6n, 5n, 7n],
  bravo: [10n, 9n, 11n],
};
const RECEIPTS = { simple: 3n, fractional: 3n, overridable: 3n, "bravo compatible": 8n, bravo: 13n };

/** The slot of the mapping from voter to receipt. */
export function receiptsSlot(head) {
  return entry(head.governor.slots.votes, head.proposal) + RECEIPTS[head.governor.form];
}

/** What the clock of governor and token is in a block. */
export function clockIn(header, { clock }) {
  return clock === "timestamp" ? header.timestamp : header.number;
}

/** Core, deadline and totals; `numerator` and `fixed` as the quorum has them; the token's place. */
export function checkGovernor(shard, head, ground) {
  const [claim, set] = shard.list(2);
  const { slots, quorum, form } = head.governor;
  const storage = new Storage(ground.roots.governor, shard.nodes(set, "nodes"), ground.zeros);
  checkImplementation(shard, storage, head.governor);
  const core = shard.part("core", () => CORES[head.governor.family](entry(slots.proposals, head.proposal), storage, head));
  const votes = entry(slots.votes, head.proposal);
  const [against, infavour, abstain] = shard.part("totals", () => TOTALS[form].map((at) => storage.word(votes + at)));
  const extended = shard.part("extension", () => extension(storage, head));
  requirePast(shard, head, ground, core.start, quorum?.denominator !== undefined && quorum?.denominator !== null);
  const numerator = numeratorOf(shard, claim, storage, head, core.start);
  const found = {
    core,
    deadline: extended > core.end ? extended : core.end,
    totals: { against, for: infavour, abstain },
    numerator,
    fixed: quorum?.fixed ? placeOf(shard, "fixed", quorum.fixed, storage, ground.code) : null,
    token: placeOf(shard, "token", head.governor.token, storage, ground.code),
  };
  shard.spent(storage.nodes, "nodes");
  return found;
}

/** What was in force at the start is settled only once the clock is past it. */
export function requirePast(shard, head, ground, start, asked = true) {
  const clock = clockIn(ground.header, head.governor);
  if (asked && clock <= start) shard.refuse(ClaimMismatch, "clock", `it stands at ${clock}, not past the start, ${start}`);
}

const address = (value) => "0x" + hex(word(value).subarray(12));

const CORES = {
  oz5(slot, storage) {
    const [proposer, start, duration, executed, canceled] = unpack(storage.word(slot), 160n, 48n, 32n, 8n, 8n);
    const [eta] = unpack(storage.word(slot + 1n), 48n);
    return coreOf(proposer, start, start + duration, eta, executed, canceled);
  },
  oz4(slot, storage) {
    const [start, proposer] = unpack(storage.word(slot), 64n, 160n);
    const [end] = unpack(storage.word(slot + 1n), 64n);
    const [executed, canceled] = unpack(storage.word(slot + 2n), 8n, 8n);
    return coreOf(proposer, start, end, null, executed, canceled);
  },
  bravo(slot, storage, head) {
    if (storage.word(slot) !== head.proposal) throw new BadPart("the proposal has another id");
    const [proposer] = unpack(storage.word(slot + 1n), 160n);
    const [eta, start, end] = [2n, 7n, 8n].map((at) => storage.word(slot + at));
    const [canceled, executed] = unpack(storage.word(slot + 12n), 8n, 8n);
    return coreOf(proposer, start, end, eta, executed, canceled);
  },
};

function coreOf(proposer, start, end, eta, executed, canceled) {
  if (!start) throw new BadPart("there is no such proposal");
  return { canceled: flag(canceled), end, eta, executed: flag(executed), proposer: address(proposer), start };
}

function extension(storage, { governor, proposal }) {
  if (governor.slots.extensions === null) return 0n;
  const bits = governor.family === "oz5" ? 48n : 64n;
  return unpack(storage.word(entry(governor.slots.extensions, proposal)), bits)[0];
}

function numeratorOf(shard, item, storage, { governor }, start) {
  const { quorum, slots, family } = governor;
  const parts = shard.form("checkpoint", () => listOf(item, quorum && quorum.denominator !== null ? 2 : 0));
  if (!parts.length) return null;
  const claim = shard.checkpoint(...parts, "checkpoint");
  const history = historyAt(family === "oz4" ? "oz4" : "oz5", slots.numerators, null);
  let numerator = inForce(shard, "checkpoint", storage, history, claim, start);
  if (slots.numerator !== null) {
    if (claim.length) shard.refuse(MalformedCertificate, "numerator", "it is not used where there is a history");
    numerator = shard.part("numerator", () => storage.word(slots.numerator));
  }
  if (numerator > quorum.denominator) shard.refuse(ClaimMismatch, "numerator", "it is greater than the denominator");
  return numerator;
}

function placeOf(shard, name, place, storage, code) {
  if (place.slot !== null) return shard.part(name, () => storage.word(place.slot));
  const value = pushed(code, place.offsets);
  if (value === null) shard.refuse(MalformedCertificate, name, "the offsets are not those of every push of one value");
  return value;
}
