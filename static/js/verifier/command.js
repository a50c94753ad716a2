// node static/js/verifier/command.js FILE [--root 0x…] [--json]

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
    "",
    ENDS[answer.result.reach],
  ].join("\n");
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
      options: { root: { type: "string" }, json: { type: "boolean", default: false } },
    });
    const whole = positionals.length === 1 && (values.root === undefined || /^0x[0-9a-f]{64}$/.test(values.root));
    return whole ? { file: positionals[0], ...values } : null;
  } catch {
    return null;
  }
}

async function main(given) {
  const wanted = asked(given);
  if (!wanted) return wrong("Usage: command.js FILE [--root 0x…] [--json]; the root has 64 lower-case hex digits.");
  const { file, root = null, json } = wanted;
  let answer;
  try {
    answer = await answerFor(createReadStream(file), root);
  } catch (error) {
    if (error.syscall === undefined) throw error;
    return wrong(`${file} cannot be read: ${error.message}`);
  }
  process.stdout.write(`${json ? JSON.stringify(answer, null, 2) : inWords(answer)}\n`);
  return exitCode(answer);
}

process.exitCode = await main(process.argv.slice(2));
