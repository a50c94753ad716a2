// Check 8: votes as logs in receipts, and what each adds to which bucket.

import { ascii, equal, hex, keccak, toNumber } from "./bytes.js";
import { BadPart, Disordered, MalformedCertificate, UnusedWitness } from "./refusals.js";
import { decode, encodeNumber, listOf, numberOf, stringOf } from "./rlp.js";

const topic = (signature) => keccak(ascii(signature));
// How many texts or bytes follow proposal, support and weight in the data of each event.
const EVENTS = [
  { topic: topic("VoteCast(address,uint256,uint8,uint256,string)"), tails: 1, adds: true },
  { topic: topic("VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)"), tails: 2, adds: true },
  { topic: topic("OverrideVoteCast(address,uint256,uint8,uint256,string)"), tails: 1, adds: false },
  { topic: topic("VoteReduced(address,uint256,uint8,uint256)"), tails: 0, adds: false },
];
const SPLIT = 255n;
const BUCKETS = ["against", "for", "abstain"];

/** All votes so far: sums by bucket, and by voter what its votes weigh. */
export class Votes {
  /** `watched` is the voter, in hex digits, whose votes stand one by one in `ofWatched`. */
  constructor(head, chain, watched = null) {
    this.head = head;
    this.chain = chain;
    this.watched = watched;
    this.ofWatched = [];
    this.sums = { against: 0n, for: 0n, abstain: 0n };
    this.voters = new Map();
    this.logs = 0;
    this.weightless = 0;
    this.last = null;
  }

  takeReceipts(shard) {
    const blocks = shard.list();
    if (!blocks.length) shard.refuse(MalformedCertificate, "", "it is empty");
    blocks.forEach((block, at) => {
      const [item, set, listed] = shard.form(`${at}`, () => listOf(block, 3));
      const number = shard.form(`${at}.number`, () => numberOf(item));
      const { receiptsRoot } = this.chain.block(shard, number, `${at}.number`);
      const nodes = shard.nodes(set, `${at}.nodes`);
      shard.ascending(listed, `${at}.indices`).forEach((index, position) => {
        const place = `${at}.indices.${position}`;
        this.#inOrder(shard, place, number, index);
        const receipt = shard.part(place, () => nodes.find(receiptsRoot, encodeNumber(index)));
        const votes = shard.part(place, () => this.#votesIn(receipt));
        if (!votes.length) shard.refuse(UnusedWitness, place, "the receipt has no vote on the proposal");
        votes.forEach((vote) => this.#add(vote, { block: number, receipt: index, shard: shard.index }));
      });
      shard.spent(nodes, `${at}.nodes`);
    });
  }

  #inOrder(shard, place, number, index) {
    const { last } = this;
    if (last && (number < last.number || (number === last.number && index <= last.index))) {
      shard.refuse(Disordered, place, "receipts do not ascend by block and index");
    }
    this.last = { number, index };
  }

  #votesIn(receipt) {
    if (receipt === null) throw new BadPart("there is no such receipt");
    const fields = listOf(decode(receipt[0] < 0xc0 ? receipt.subarray(1) : receipt));
    if (fields.length < 4) throw new BadPart(`a receipt has ${fields.length} fields`);
    const votes = listOf(fields[3]).map(logOf).map((log, at) => voteIn(log, this.head, at));
    return votes.filter((vote) => vote !== null);
  }

  #add({ voter, support, weight, split, log }, where) {
    const name = hex(voter);
    const watched = name === this.watched;
    if (!this.voters.has(name)) this.voters.set(name, { address: voter, weight: 0n, supports: [], watched });
    if (watched) this.ofWatched.push({ ...where, log, support, weight, split });
    const known = this.voters.get(name);
    known.weight += weight;
    known.supports.push(support);
    BUCKETS.forEach((bucket, at) => (this.sums[bucket] += split[at]));
    this.logs++;
    if (!weight) this.weightless++;
  }
}

function logOf(item) {
  const [address, topics, data] = listOf(item, 3);
  return {
    address: stringOf(address),
    topics: listOf(topics).map((inner) => stringOf(inner)),
    data: stringOf(data),
  };
}

/** The vote that a log, the one in place `log` of its receipt, is; or null if it is none on this proposal. Throws BadPart. */
function voteIn({ address, topics, data }, { governor, proposal }, log) {
  if (!equal(address, governor.address) || !topics.length) return null;
  const event = EVENTS.find((known) => equal(topics[0], known.topic));
  if (!event) return null;
  if (topics.length !== 2 || topics[1].length !== 32 || topics[1].subarray(0, 12).some((byte) => byte)) {
    throw new BadPart("the topics are not those of a vote");
  }
  const { id, support, weight, params } = fieldsOf(data, event.tails);
  if (id !== proposal) return null;
  if (!event.adds) throw new BadPart("a vote was overridden, which this certificate cannot show");
  const split = splitOf(governor.form, support, weight, params);
  return { voter: topics[1].subarray(12), support, weight, split, log };
}

function fieldsOf(data, tails) {
  if (data.length % 32 || data.length < 96 + 64 * tails) throw new BadPart("the data of a vote is not whole");
  const [id, support, weight] = [0, 32, 64].map((at) => toNumber(data.subarray(at, at + 32)));
  if (support > 255n) throw new BadPart("support has more than 8 bits");
  let params = new Uint8Array(0);
  let end = 96 + 32 * tails;
  for (let at = 0; at < tails; at++) {
    const tail = tailAt(data, toNumber(data.subarray(96 + 32 * at, 128 + 32 * at)), end);
    if (at === 1) params = tail.bytes;
    end = tail.end;
  }
  if (end !== data.length) throw new BadPart("the data of a vote goes on after its end");
  return { id, support, weight, params };
}

function tailAt(data, offset, expected) {
  if (offset !== BigInt(expected)) throw new BadPart("an offset in the data of a vote is not the one of the ABI");
  const start = expected + 32;
  // Where the length itself is cut off, fewer than no bytes are left for what it says.
  const size = toNumber(data.subarray(expected, start));
  if (size > BigInt(data.length - start)) throw new BadPart("the data of a vote ends too early");
  const length = Number(size);
  const end = start + 32 * Math.ceil(length / 32);
  if (data.subarray(start + length, end).some((byte) => byte)) throw new BadPart("padding in the data of a vote is not zero");
  return { bytes: data.subarray(start, start + length), end };
}

function splitOf(form, support, weight, params) {
  if (form === "fractional" && support === SPLIT) {
    if (params.length !== 48) throw new BadPart("a split vote has no three amounts");
    const parts = [0, 16, 32].map((at) => toNumber(params.subarray(at, at + 16)));
    if (parts[0] + parts[1] + parts[2] !== weight) throw new BadPart("the parts of a split vote are not its weight");
    return parts;
  }
  if (form === "fractional" && params.length) throw new BadPart("a vote that is not split has params");
  if (form === "bravo" && weight >> 96n) throw new BadPart("a weight has more than 96 bits");
  if (support > 2n) throw new BadPart(`support ${support} is not known`);
  return [0n, 1n, 2n].map((bucket) => (bucket === support ? weight : 0n));
}
