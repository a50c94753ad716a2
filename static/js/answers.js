// What our server answers to a question of a page.

import { Refusal } from "./refusals.js";

const WITHIN = 10_000;

/** The answer as it stands. Past the browser's store, in which a second question would wait for the first. */
export async function getJson(url) {
  const options = { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(WITHIN) };
  let response;
  let body = null;
  try {
    response = await fetch(url, options);
    body = await response.json();
  } catch {
    if (!response || response.ok) throw new Refusal("The server cannot be reached. Check your connection and try again.");
  }
  if (!response.ok) throw new Refusal(body?.error?.message ?? body?.error ?? `The server answered ${response.status}. Try again in a moment.`);
  return body;
}
