// What a certificate shows of one address, by what was verified of it alone.

import { hex, word } from "./bytes.js";

const BUCKETS = ["for", "against", "abstain"];

/**
 * The votes of an address and its part in the sums, or null where the certificate has no votes.
 *
 * `votes`: each with `block`, `time` (seconds), `receipt` (its index in the block) and `log` (its
 * index in the receipt), `support`, `weight`, `parts` by bucket, `shard` (index) and the `path` to
 * the anchor: how many parent hashes, and the blocks whose history was asked. `power`: `value`, and
 * the place of its checkpoint: `length` of the history, `after` how many of them it is in force;
 * null for who has not voted and where powers are missing, and so is `used`: the governor's word.
 * `sums` by bucket: `own`, `others`, `total`. `others`: how many other voters there are. Amounts,
 * times and block numbers are decimal strings.
 */
export function voterIn(head, { ground, votes, chain }, address) {
  if ("votes" in head.missing) return null;
  const voter = votes.voters.get(votes.watched);
  const own = Object.fromEntries(BUCKETS.map((bucket) => [bucket, 0n]));
  const cast = votes.ofWatched.map((vote) => castOf(vote, chain, own));
  return {
    address: address.toLowerCase(),
    votes: cast,
    weight: `${voter?.weight ?? 0n}`,
    power: voter?.checkpoint ? { value: `${voter.power}`, ...spelled(voter.checkpoint) } : null,
    used: voter?.receipt ? { word: `0x${hex(word(voter.receipt.word))}`, shard: voter.receipt.shard } : null,
    sums: Object.fromEntries(BUCKETS.map((bucket) => [bucket, sumOf(own[bucket], ground.governor.totals[bucket])])),
    others: votes.voters.size - (voter ? 1 : 0),
  };
}

function castOf({ block, receipt, log, support, weight, split, shard }, chain, own) {
  const [against, infavour, abstain] = split;
  const parts = { for: infavour, against, abstain };
  for (const bucket of BUCKETS) own[bucket] += parts[bucket];
  const { parents, hops } = chain.path(block);
  return {
    block: `${block}`,
    time: `${chain.headers.get(block).timestamp}`,
    receipt: `${receipt}`,
    log,
    support: `${support}`,
    weight: `${weight}`,
    parts: spelled(parts),
    shard,
    path: { parents, hops: hops.map(String) },
  };
}

function sumOf(own, total) {
  return spelled({ own, others: total - own, total });
}

function spelled(facts) {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
  );
}
