// node static/js/verifier/command.js FILE [--root 0x…] [--voter 0x…] [--json]

import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";

import { answerFor, exitCode } from "./answer.js";

const UNREADABLE = 2;
const ENDS = {
  proven: "The tally is proven.",
  counted: "The votes add up to the totals; the power of voters is not proven.",
  totals: "The totals are proven; that a list of votes makes them up is not.",
};

function inWords(answer) {
  if (!answer.holds) return `The certificate does not hold. ${answer.message} (${answer.refusal})`;
  return [
    `Certificate ${answer.root}`,
    `Proposal ${answer.proposal}`,
    `Anchor ${answer.anchor} on chain ${answer.chain}: compare it with nodes that you trust`,
    "",
    "Proven:",
    ...answer.steps.flatMap(({ shown, by }, index) => [`  ${index + 1}. ${shown}`, `     by ${by}`]),
    ...Object.entries(answer.missing).map(([part, reason]) => `Not proven: ${part} (the issuer says: ${reason})`),
    ...("watched" in answer ? ["", ...ofVoter(answer.watched)] : []),
    "",
    ENDS[answer.result.reach],
  ].join("\n");
}

function ofVoter(watched) {
  if (!watched) return ["The certificate has no votes, so it shows none of a voter."];
  const { address, votes, power, used, sums, others } = watched;
  const linked = ({ parents, hops }) => `${parents} parent hashes${hops.map((block) => ` and the history in block ${block}`).join("")}`;
  return [
    votes.length ? `Votes of ${address}:` : `${address} has no vote among those that add up to the totals.`,
    ...votes.flatMap(({ block, receipt, log, support, weight, path }) => [
      `  support ${support} with ${weight}: log ${log} of receipt ${receipt} in block ${block}`,
      `     linked to the anchor by ${linked(path)}`,
    ]),
    ...(power ? [`  power at the snapshot ${power.value}: ${power.after} of its ${power.length} checkpoints are not later`] : []),
    ...(used ? [`  the governor's word for it: ${used.word}`] : []),
    ...Object.entries(sums).map(([bucket, { own, others: rest, total }]) => `  ${bucket}: ${own} + ${rest} of ${others} others = ${total}`),
  ];
}

function wrong(words) {
  process.stderr.write(`${words}\n`);
  return UNREADABLE;
}

function asked(given) {
  try {
    const { values, positionals } = parseArgs({
      args: given,
      allowPositionals: true,
      options: { root: { type: "string" }, voter: { type: "string" }, json: { type: "boolean", default: false } },
    });
    const { root = null, voter = null, json } = values;
    const sound = (root === null || /^0x[0-9a-f]{64}$/.test(root)) && (voter === null || /^0x[0-9a-f]{40}$/i.test(voter));
    return positionals.length === 1 && sound ? { file: positionals[0], root, watch: voter, json } : null;
  } catch {
    return null;
  }
}

async function main(given) {
  const wanted = asked(given);
  if (!wanted) return wrong("Usage: command.js FILE [--root 0x…] [--voter 0x…] [--json]; the root has 64 lower-case hex digits, the voter 40.");
  const { file, root, watch, json } = wanted;
  let answer;
  try {
    answer = await answerFor(createReadStream(file), { root, watch });
  } catch (error) {
    if (error.syscall === undefined) throw error;
    return wrong(`${file} cannot be read: ${error.message}`);
  }
  process.stdout.write(`${json ? JSON.stringify(answer, null, 2) : inWords(answer)}\n`);
  return exitCode(answer);
}

process.exitCode = await main(process.argv.slice(2));
