// Verifies a certificate from the first byte to the last, as docs/certificate.md says.
//
// Written from that page alone, so that a mistake in the verifier in Python is not repeated here.

import { equal, hex, keccak } from "./bytes.js";
import { checkGovernor } from "./governor.js";
import { checkCode, checkState } from "./ground.js";
import { readHead } from "./head.js";
import { Chain } from "./linking.js";
import { CutShort, MalformedCertificate, TooLarge, WrongHash } from "./refusals.js";
import { checkClaim, checkSum, checkVoters, resultOf } from "./result.js";
import { Shard } from "./shard.js";
import { Source } from "./source.js";
import { stepsOf } from "./steps.js";
import { checkPowers, checkToken, checkUsed, Roll } from "./token.js";
import { Votes } from "./votes.js";
import { voterIn } from "./watching.js";

const MOST_IN_SEAL = 128;
const MOST_IN_HEAD = 1 << 20;

/**
 * What the certificate proves: `{ root, head, result, steps, proven, watched }`.
 *
 * @param {Uint8Array | Blob | ReadableStream | AsyncIterable<Uint8Array> | Source | Served} input
 * @param {{ root?: string, watch?: string, onProgress?: (progress: { kind: string | null, shard: number, shards: number, read: number, whole: number }) => void }}
 *   options `root` is the one that is asked for, `0x…`; `watch` an address, `0x…`, whose votes and
 *   power are given in `watched` (watching.js), which changes no verdict; progress is told before
 *   each shard with its kind, and once more with null before the sum
 * @throws {CertificateRefusal} and whatever the input throws
 */
export async function verify(input, { root = null, watch = null, onProgress = () => {} } = {}) {
  const source = typeof input.shards === "function" ? input : new Source(input);
  try {
    const sealed = await readSeal(source);
    if (root !== null && sealed !== root) throw new WrongHash("file", "root", `it is ${sealed}, not ${root}`);
    const head = readHead(await readLine(source, sealed));
    const facts = await readShards(source, head, watch, onProgress);
    const found = conclude(head, facts);
    return { root: sealed, head, ...found, watched: watch && voterIn(head, facts, watch) };
  } finally {
    await source.close();
  }
}

async function readSeal(source) {
  const { bytes, ended } = await source.line(MOST_IN_SEAL - 1);
  if (!bytes.length && !ended) throw new CutShort("seal", "", "the file is empty");
  const found = /^tocsin-certificate 1 (0x[0-9a-f]{64})$/.exec(String.fromCharCode(...bytes));
  if (!found) throw new MalformedCertificate("seal", "", "this is no certificate of version 1");
  if (!ended) throw new CutShort("seal", "", "the file ends in the first line");
  return found[1];
}

async function readLine(source, sealed) {
  const { bytes, ended } = await source.line(MOST_IN_HEAD);
  if (!ended && bytes.length > MOST_IN_HEAD) throw new TooLarge("head", "", "it is longer than 1 MiB");
  if (!ended) throw new CutShort("head", "", "the file ends in the head");
  if (`0x${hex(keccak(bytes))}` !== sealed) throw new WrongHash("head", "", `it hashes to 0x${hex(keccak(bytes))}`);
  return bytes;
}

async function readShards(source, head, watch, onProgress) {
  const shards = head.shards.length;
  const whole = source.taken + head.shards.reduce((sum, { size }) => sum + size, 0);
  const tell = (shard, kind) => onProgress({ kind, shard, shards, read: source.taken, whole });
  const facts = new Facts(head, watch);
  const contents = source.shards(head.shards);
  for (const [index, { hash, kind, size }] of head.shards.entries()) {
    tell(index, kind);
    const shard = new Shard(index, kind, (await contents.next()).value);
    if (shard.bytes.length < size) shard.refuse(CutShort, "", `the file ends after ${shard.bytes.length} of ${size} bytes`);
    if (!equal(keccak(shard.bytes), hash)) shard.refuse(WrongHash, "", `it hashes to 0x${hex(keccak(shard.bytes))}`);
    facts[kind](shard);
  }
  if (!(await source.atEnd())) throw new CutShort("file", "", "it goes on after its end");
  tell(shards, null);
  return facts;
}

/** What is known so far; a method for each kind of shard, in whose order they are called. */
class Facts {
  constructor(head, watch) {
    this.known = head;
    this.watched = watch && watch.slice(2).toLowerCase();
    this.zeros = { kept: head.zerosKept, seen: 0 };
    this.ground = { zeros: this.zeros };
  }

  state(shard) {
    Object.assign(this.ground, checkState(shard, this.known));
  }

  code(shard) {
    this.ground.code = checkCode(shard, this.known.governor);
  }

  governor(shard) {
    this.ground.governor = checkGovernor(shard, this.known, this.ground);
  }

  token(shard) {
    this.supply = checkToken(shard, this.known, this.ground);
    this.chain = new Chain(this.ground.header, this.zeros);
    this.votes = new Votes(this.known, this.chain, this.watched);
  }

  history(shard) {
    this.chain.takeHistory(shard);
  }

  headers(shard) {
    this.chain.takeHeaders(shard);
  }

  receipts(shard) {
    this.votes.takeReceipts(shard);
  }

  powers(shard) {
    checkPowers(shard, this.known, this.ground, (this.ofPowers ??= new Roll(this.votes.voters)));
  }

  used(shard) {
    checkUsed(shard, this.known, this.ground, (this.ofUsed ??= new Roll(this.votes.voters)));
  }
}

function conclude(head, { ground, supply, chain, votes, ofPowers, ofUsed, zeros }) {
  const counted = !("votes" in head.missing);
  const proven = !("powers" in head.missing);
  if (zeros.kept && !zeros.seen) throw new MalformedCertificate("head", "zeros", "no slot that is proven holds a zero");
  if (counted) {
    chain.finish();
    if (proven) {
      (ofPowers ?? new Roll(votes.voters)).finish("powers");
      (ofUsed ?? new Roll(votes.voters)).finish("used");
    }
    checkSum(ground.governor.totals, votes.sums);
    if (proven) checkVoters(votes.voters.values(), head.governor.form);
  }
  const result = resultOf(head, ground, supply, counted ? votes : null);
  checkClaim(result, head.result);
  return { result, proven, steps: stepsOf(head, ground, result, chain.linked) };
}
