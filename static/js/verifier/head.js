// The fields of a head: each there once, nothing besides, all in their one form.

import { LIMIT, unhex } from "./bytes.js";
import { parse } from "./json.js";
import { MalformedCertificate, TooLarge, within } from "./refusals.js";

const PARTS = ["powers", "quorum", "votes"];
const BUCKETS = ["against", "for", "abstain"];
const FIRST = ["state", "code", "governor", "token"];
const LATER = [["history", "headers"], ["receipts"], ["powers"], ["used"]];
const NEEDS = { history: "votes", headers: "votes", receipts: "votes", powers: "powers", used: "powers" };
const MOST_SHARDS = 4096;
const MOST_IN_SHARD = 1n << 20n;
const MOST_IN_ALL = 1n << 30n;

/** The head, with integers as BigInt and bytes as Uint8Array; `result` is left as it was read. */
export function readHead(bytes) {
  const raw = within("head", "", () => parse(bytes), MalformedCertificate);
  fields(raw, "", ["anchor", "chain", "governor", "missing", "proposal", "result", "shards", "token", "zeros"]);
  const missing = missingParts(raw.missing);
  const governor = governorOf(raw.governor, missing);
  return {
    anchor: bytesOf(raw.anchor, "anchor", 32),
    chain: integer(raw.chain, "chain"),
    governor,
    missing,
    proposal: integer(raw.proposal, "proposal"),
    result: raw.result,
    shards: shardsOf(raw.shards, missing),
    token: tokenOf(raw.token, governor.quorum?.denominator ?? null),
    zerosKept: oneOf(raw.zeros, "zeros", ["absent", "kept"]) === "kept",
  };
}

function refuse(place, words) {
  throw new MalformedCertificate("head", place, words);
}

function fields(value, place, names) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) refuse(place, "it is not an object");
  const inside = (name) => (place ? `${place}.${name}` : name);
  for (const name of Object.keys(value)) if (!names.includes(name)) refuse(inside(name), "this field is not known");
  for (const name of names) if (!(name in value)) refuse(inside(name), "this field is missing");
  return value;
}

function array(value, place, most) {
  if (!Array.isArray(value)) refuse(place, "it is not an array");
  if (value.length > most) throw new TooLarge("head", place, `it has ${value.length} entries, more than ${most}`);
  return value;
}

function integer(value, place) {
  if (typeof value !== "string" || !/^(0|[1-9][0-9]{0,77})$/.test(value)) refuse(place, "it is not an integer");
  const number = BigInt(value);
  if (number >= LIMIT) refuse(place, "it is 2^256 or more");
  return number;
}

function bytesOf(value, place, size) {
  if (typeof value !== "string" || value.length !== 2 + 2 * size || !/^0x[0-9a-f]*$/.test(value)) {
    refuse(place, `it is not ${size} bytes`);
  }
  return unhex(value);
}

function oneOf(value, place, choices) {
  if (typeof value !== "string" || !choices.includes(value)) refuse(place, `it is none of ${choices.join(", ")}`);
  return value;
}

function optional(value, place, read) {
  return value === null ? null : read(value, place);
}

function requirePresence(value, wanted, place) {
  if ((value !== null) !== wanted) refuse(place, wanted ? "it is missing" : "it is of no use here");
}

function missingParts(value) {
  fields(value, "missing", PARTS.filter((part) => value !== null && typeof value === "object" && part in value));
  for (const [part, reason] of Object.entries(value)) {
    if (typeof reason !== "string" || !reason.length || reason.length > 500) {
      refuse(`missing.${part}`, "it is not a reason of 1 to 500 characters");
    }
  }
  if ("votes" in value && !("powers" in value)) refuse("missing", "votes are missing, but powers are not");
  return value;
}

function contract(value, place) {
  return {
    address: bytesOf(value.address, `${place}.address`, 20),
    code: bytesOf(value.code, `${place}.code`, 32),
    implementation: optional(value.implementation, `${place}.implementation`, (inner, at) => {
      fields(inner, at, ["address", "code"]);
      return { address: bytesOf(inner.address, `${at}.address`, 20), code: bytesOf(inner.code, `${at}.code`, 32) };
    }),
  };
}

function place(value, at) {
  if (!Array.isArray(value)) return { slot: integer(value, at), offsets: null };
  if (!value.length) refuse(at, "it has no offset");
  const offsets = array(value, at, 64).map((entry, index) => Number(integer(entry, `${at}.${index}`)));
  offsets.forEach((offset, index) => {
    if (offset >= 65536) refuse(`${at}.${index}`, "it is 65,536 or more");
    if (index && offset <= offsets[index - 1]) refuse(`${at}.${index}`, "offsets do not ascend");
  });
  return { slot: null, offsets };
}

function governorOf(value, missing) {
  const names = ["address", "clock", "code", "family", "form", "implementation", "quorum", "slots", "token"];
  fields(value, "governor", names);
  const at = "governor.slots";
  const slots = fields(value.slots, at, ["extensions", "numerator", "numerators", "proposals", "votes"]);
  const quorum = optional(value.quorum, "governor.quorum", quorumOf);
  requirePresence(quorum, !("quorum" in missing), "governor.quorum");
  requirePresence(slots.numerators, Boolean(quorum && quorum.denominator !== null), `${at}.numerators`);
  if (slots.numerators === null) requirePresence(slots.numerator, false, `${at}.numerator`);
  const form = oneOf(value.form, "governor.form", ["simple", "fractional", "overridable", "bravo compatible", "bravo"]);
  if (form === "overridable" && !("votes" in missing)) refuse("governor.form", "votes of this form cannot be summed");
  return {
    ...contract(value, "governor"),
    clock: oneOf(value.clock, "governor.clock", ["timestamp", "blocknumber"]),
    family: oneOf(value.family, "governor.family", ["oz5", "oz4", "bravo"]),
    form,
    quorum,
    slots: {
      proposals: integer(slots.proposals, `${at}.proposals`),
      votes: integer(slots.votes, `${at}.votes`),
      extensions: optional(slots.extensions, `${at}.extensions`, integer),
      numerators: optional(slots.numerators, `${at}.numerators`, integer),
      numerator: optional(slots.numerator, `${at}.numerator`, integer),
    },
    token: place(value.token, "governor.token"),
  };
}

function quorumOf(value, at) {
  fields(value, at, ["buckets", "denominator", "fixed"]);
  const buckets = array(value.buckets, `${at}.buckets`, BUCKETS.length);
  const inOrder = BUCKETS.filter((bucket) => buckets.includes(bucket));
  if (!buckets.length || inOrder.length !== buckets.length || inOrder.some((name, index) => name !== buckets[index])) {
    refuse(`${at}.buckets`, "they are not some of against, for and abstain in this order");
  }
  if ((value.denominator === null) === (value.fixed === null)) refuse(at, "it has not exactly one of denominator and fixed");
  const denominator = optional(value.denominator, `${at}.denominator`, integer);
  if (denominator === 0n) refuse(`${at}.denominator`, "it is zero");
  return { buckets, denominator, fixed: optional(value.fixed, `${at}.fixed`, place) };
}

function tokenOf(value, denominator) {
  fields(value, "token", ["address", "code", "implementation", "kind", "slots"]);
  const kind = oneOf(value.kind, "token.kind", ["oz5", "oz4", "comp", "dydx"]);
  const counted = kind === "comp" || kind === "dydx";
  const at = "token.slots";
  const slots = fields(value.slots, at, ["balances", "checkpoints", "counts", "supply", "supply_count"]);
  requirePresence(slots.counts, counted, `${at}.counts`);
  requirePresence(slots.supply, denominator !== null, `${at}.supply`);
  requirePresence(slots.supply_count, counted && denominator !== null, `${at}.supply_count`);
  requirePresence(slots.balances, kind === "dydx", `${at}.balances`);
  return {
    ...contract(value, "token"),
    kind,
    slots: {
      checkpoints: integer(slots.checkpoints, `${at}.checkpoints`),
      counts: optional(slots.counts, `${at}.counts`, integer),
      supply: optional(slots.supply, `${at}.supply`, integer),
      supplyCount: optional(slots.supply_count, `${at}.supply_count`, integer),
      balances: optional(slots.balances, `${at}.balances`, integer),
    },
  };
}

function shardsOf(value, missing) {
  let whole = 0n;
  let group = 0;
  const shards = array(value, "shards", MOST_SHARDS).map((entry, index) => {
    const at = `shards.${index}`;
    fields(entry, at, ["hash", "kind", "size"]);
    const size = integer(entry.size, `${at}.size`);
    if (size === 0n) refuse(`${at}.size`, "it is zero");
    whole += size;
    if (size > MOST_IN_SHARD) throw new TooLarge("head", `${at}.size`, "a shard has at most 1 MiB");
    if (whole > MOST_IN_ALL) throw new TooLarge("head", "shards", "all together have at most 1 GiB");
    const kind = oneOf(entry.kind, `${at}.kind`, index < FIRST.length ? [FIRST[index]] : Object.keys(NEEDS));
    if (index >= FIRST.length) {
      if (NEEDS[kind] in missing) refuse(`${at}.kind`, `${NEEDS[kind]} are said to be missing`);
      const next = LATER.findIndex((kinds) => kinds.includes(kind));
      if (next < group) refuse(`${at}.kind`, `${kind} comes too late`);
      group = next;
    }
    return { hash: bytesOf(entry.hash, `${at}.hash`, 32), kind, size: Number(size) };
  });
  if (shards.length < FIRST.length) refuse("shards", `${FIRST[shards.length]} is missing`);
  return shards;
}
