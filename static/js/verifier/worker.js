// Checks a certificate beside the page, so that the page stays responsive meanwhile.
//
// Takes one message, `{ url, root, watch, cache }`; answers with `{ progress }` as verify.js tells it,
// and in the end with `{ answer }`; with `{ unavailable }`, words why there is none; or with `{ fault }`.

import { answerFor } from "./answer.js";
import { Served, Unavailable } from "./served.js";

self.addEventListener("message", async ({ data: { url, root, watch, cache } }) => {
  try {
    const onProgress = (progress) => self.postMessage({ progress });
    self.postMessage({ answer: await answerFor(new Served(url, { root, cache }), { root, watch, onProgress }) });
  } catch (error) {
    self.postMessage(error instanceof Unavailable ? { unavailable: error.message } : { fault: `${error?.stack ?? error}` });
  }
});
