// Checks 11 and 12: votes add up to the totals, nobody used more than was theirs, and the claim.

import { concat, hex, keccak, word } from "./bytes.js";
import { clockIn } from "./governor.js";
import { ClaimMismatch, PowerMismatch, SumMismatch } from "./refusals.js";

const BUCKETS = ["against", "for", "abstain"];

/** Bucket by bucket, the votes are the totals. */
export function checkSum(totals, sums) {
  const lacking = BUCKETS.filter((bucket) => totals[bucket] !== sums[bucket]);
  if (!lacking.length) return;
  const difference = lacking.map((bucket) => `${bucket} ${totals[bucket] - sums[bucket]}`).join(", ");
  throw new SumMismatch("votes", "", `totals less votes are ${difference}`);
}

/** Every voter had the power that its votes weigh, and the governor kept them so. */
export function checkVoters(voters, form) {
  for (const voter of voters) {
    const problem = form === "fractional" ? partly(voter) : wholly(voter);
    if (problem) throw new PowerMismatch("votes", `0x${hex(voter.address)}`, problem);
  }
}

function partly({ weight, power, kept }) {
  if (weight > power) return `it used ${weight}, more than its power, ${power}`;
  if (weight !== kept.used) return `its votes weigh ${weight}, and the governor has ${kept.used} as used`;
  return null;
}

function wholly({ weight, power, kept, supports }) {
  if (weight !== power) return `its votes weigh ${weight}, and its power is ${power}`;
  if (!kept.voted) return "it has not voted";
  if (kept.weight !== undefined && kept.weight !== weight) return `the governor has a weight of ${kept.weight}`;
  if (kept.support !== undefined && supports.at(-1) !== kept.support) {
    return `the governor has support ${kept.support}`;
  }
  return null;
}

/** What was found, in the form of `result` in a head. */
export function resultOf(head, ground, supply, votes) {
  const { header, governor } = ground;
  const clock = clockIn(header, head.governor);
  return {
    block: { number: `${header.number}`, timestamp: `${header.timestamp}` },
    clock: `${clock}`,
    core: spelled(governor.core),
    count: clock > governor.deadline ? "closing" : "running",
    deadline: `${governor.deadline}`,
    key: hex(keccak(concat(word(head.chain), head.governor.address, word(head.proposal))).subarray(0, 10)),
    quorum: quorumOf(head.governor.quorum, governor, supply),
    reach: "votes" in head.missing ? "totals" : "powers" in head.missing ? "counted" : "proven",
    totals: spelled(governor.totals),
    votes: votes && { logs: `${votes.logs}`, voters: `${votes.voters.size}`, weightless: `${votes.weightless}` },
  };
}

function quorumOf(rule, { totals, numerator, fixed }, supply) {
  if (!rule) return null;
  const counted = rule.buckets.reduce((sum, bucket) => sum + totals[bucket], 0n);
  const needed = rule.fixed ? fixed : (supply * numerator) / rule.denominator;
  return spelled({ counted, needed, numerator, reached: counted >= needed, supply });
}

function spelled(facts) {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
  );
}

/** Field by field, what was found is what the head claims. */
export function checkClaim(found, claimed, place = "result") {
  if (found === null || typeof found !== "object") {
    if (found !== claimed) throw new ClaimMismatch("head", place, `it is ${found}`);
    return;
  }
  if (claimed === null || typeof claimed !== "object" || Array.isArray(claimed)) {
    throw new ClaimMismatch("head", place, "it is not an object");
  }
  for (const name of new Set([...Object.keys(found), ...Object.keys(claimed)])) {
    if (!(name in found) || !(name in claimed)) throw new ClaimMismatch("head", `${place}.${name}`, "it is missing or not known");
    checkClaim(found[name], claimed[name], `${place}.${name}`);
  }
}
