// Checks many certificates in one process: base64 lines on stdin, a line of JSON for each on stdout.

import { createInterface } from "node:readline";

import { answerFor, exitCode } from "../../../static/js/verifier/answer.js";

/** The bytes in pieces of uneven sizes, as a network gives them. */
async function* pieces(bytes) {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 1021) {
    yield bytes.subarray(at, at + size);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await answerFor(pieces(Buffer.from(line, "base64")));
  process.stdout.write(`${JSON.stringify({ ...answer, exit: exitCode(answer) })}\n`);
}
