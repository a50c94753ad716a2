// Checks certificates as a server gives them: a line of JSON `{ url, root, watch }` for each on stdin,
// a line with the answer on stdout, and in `ahead` how many shards were asked for before their turn.

import { createInterface } from "node:readline";

import { answerFor, exitCode } from "../../../static/js/verifier/answer.js";
import { Served, Unavailable } from "../../../static/js/verifier/served.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { url, root = null, watch = null } = JSON.parse(line);
  const [asked, read] = [new Set(), new Set()];
  let ahead = 0;
  const counted = (address, options) => {
    asked.add(address);
    ahead = Math.max(ahead, asked.size - 1 - read.size);
    return fetch(address, options);
  };
  const onProgress = ({ shard }) => shard && read.add(shard);
  const source = new Served(url, { root, fetch: counted, wait: async () => {} });
  const answer = await answerFor(source, { root, watch, onProgress }).then(
    (found) => ({ ...found, exit: exitCode(found) }),
    (error) => {
      if (!(error instanceof Unavailable)) throw error;
      return { unavailable: error.message };
    },
  );
  process.stdout.write(`${JSON.stringify({ ...answer, ahead })}\n`);
}
