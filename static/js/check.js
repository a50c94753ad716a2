// "Check it in this browser": the certificate is fetched and verified here, and what it proves is held
// against the numbers that the page shows.
//
// The verifier runs in a worker (verifier/worker.js). A panel is `[data-check]`; a page may mark further
// numbers with `data-held="path"`, a path into what was verified of the watched voter.

import { compareAnchor } from "./anchor.js";
import { getJson } from "./answers.js";
import { amount, BUCKETS, doing, ofVoter, open, shown, verdict } from "./check_words.js";
import { refreshAll } from "./live.js";
import { Refusal } from "./refusals.js";

const LOOKS = 4; // at the page's own numbers, which a vote may be changing this very moment
const BETWEEN_LOOKS = 1200;
const ATTEMPTS = 5; // while voting, a certificate may be replaced before it is read
const FAULT = "The check itself failed in this browser, which says nothing about the count. Update the browser, or use the commands below.";
const checks = new WeakMap();

export function startCheck() {
  document.body.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) return print();
    const button = event.target.closest?.("[data-check] button[data-does]");
    if (!button) return;
    const panel = button.closest("[data-check]");
    if (!checks.has(panel)) checks.set(panel, new Check(panel));
    checks.get(panel)[button.dataset.does]();
  });
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
}

class Check {
  worker = null;
  refused = false; // once something did not hold, nothing is taken from the browser's cache again

  constructor(panel) {
    this.panel = panel;
    const { decimals, symbol } = panel.dataset;
    this.unit = { decimals: Number(decimals), symbol };
  }

  slot = (name) => this.panel.querySelector(`[data-${name}]`);

  async check() {
    const run = (this.run = Symbol("run"));
    this.begin();
    try {
      const { root } = await this.counts(this.panel.dataset.root);
      const { answer, differences } = await this.found(root, run);
      if (this.run === run) this.show(answer, differences);
    } catch (error) {
      if (this.run === run) this.problem(error instanceof Refusal ? error.message : FAULT);
      if (!(error instanceof Refusal)) throw error;
    }
  }

  /** What the certificate of this root proves, and what differs; or those of a newer one that replaced it meanwhile. */
  async found(root, run, attempt = 1) {
    try {
      const answer = await this.verify(root);
      return { answer, differences: this.about(answer) ? await this.differences(answer) : [] };
    } catch (error) {
      if (!(error instanceof Refusal) || this.panel.dataset.root || attempt === ATTEMPTS || this.run !== run) throw error;
      const { root: newest } = await this.counts("");
      if (newest === root || this.run !== run) throw error;
      this.say("A newer certificate has taken its place: that one is checked instead.");
      return this.found(newest, run, attempt + 1);
    }
  }

  cancel() {
    this.run = null;
    this.end();
    this.say("The check was stopped.");
    this.slot("start").focus();
  }

  anchor() {
    return compareAnchor(this.panel, this.panel.dataset.anchor);
  }

  begin() {
    this.end();
    for (const name of ["outcome", "problem", "start"]) this.slot(name).hidden = true;
    for (const name of ["progress", "cancel"]) this.slot(name).hidden = false;
    this.slot("bar").removeAttribute("value");
    this.step = null;
    this.say("Asking for the certificate.");
    this.slot("cancel").focus();
  }

  end() {
    this.worker?.terminate();
    this.worker = null;
    for (const name of ["progress", "cancel"]) this.slot(name).hidden = true;
    this.slot("start").hidden = false;
  }

  verify(root) {
    const { url, watch } = this.panel.dataset;
    this.worker?.terminate();
    const worker = (this.worker = new Worker(new URL("./verifier/worker.js", import.meta.url), { type: "module" }));
    worker.postMessage({ url: new URL(url, location.href).href, root, watch: watch || null, cache: this.refused ? "reload" : "default" });
    return new Promise((resolve, reject) => {
      worker.onerror = () => reject(new Refusal(FAULT));
      worker.onmessage = ({ data }) => {
        if (data.progress) return this.progress(data.progress);
        if (data.unavailable) return reject(new Refusal(`${data.unavailable} Nothing was found wrong: the check could not be made.`));
        if (data.fault) return reject(new Error(data.fault));
        resolve(data.answer);
      };
    });
  }

  progress({ kind, shard, shards, read, whole }) {
    this.slot("bar").max = whole;
    this.slot("bar").value = read;
    this.slot("bytes").textContent = `${megabytes(read)} of ${megabytes(whole)} MB, shard ${Math.min(shard + 1, shards)} of ${shards}`;
    if (kind === this.step) return;
    this.step = kind;
    this.say(`${doing(kind)}.`);
  }

  /** Whether what was verified is about the proposal of this page. */
  about(answer) {
    return answer.holds && answer.result.key === this.panel.dataset.key;
  }

  show(answer, differences) {
    this.end();
    this.refused = !answer.holds;
    if (!answer.holds) return this.failed("The certificate does not hold.", `${answer.message} (${answer.refusal}) What this page shows is not proven by it.`);
    if (!this.about(answer)) return this.failed("This is the certificate of another proposal.", "It holds, but says nothing about what this page shows.");
    this.outcome(differences.length ? "alarm" : "ok");
    this.slot("verdict").replaceChildren(...sentence(differences.length ? "This page shows other numbers than are proven." : verdict(answer)));
    this.alarm(differences);
    this.steps(answer);
    this.slot("equal").hidden = differences.length > 0;
    if (this.panel.dataset.watch) this.voter(answer);
    this.rests(answer);
    this.slot("found-anchor").textContent = answer.anchor;
    this.slot("found-root").textContent = answer.root;
    this.slot("outcome").focus();
  }

  /** Everything that differs, as `{ what, here, proven }`. */
  async differences(answer) {
    this.say("Holding it against the numbers of this page.");
    for (let look = 1; ; look++) {
      const counts = await this.counts(answer.root);
      const found = [...this.ofTally(answer.result, counts), ...this.ofPage(answer.watched)];
      if (!found.length || look === LOOKS) return found;
      refreshAll();
      await new Promise((done) => setTimeout(done, BETWEEN_LOOKS));
    }
  }

  ofTally({ totals, block }, counts) {
    const found = [];
    for (const [bucket, name] of Object.entries(BUCKETS)) {
      const proven = BigInt(totals[bucket]);
      const read = BigInt(counts.read[bucket]);
      const later = BigInt(counts.whole[bucket]) - read;
      const page = this.shownOnPage(bucket);
      const until = `up to block ${BigInt(block.number).toLocaleString("en-US")}`;
      if (read !== proven) found.push({ what: `${name}, as this site counted ${until}`, here: read, proven });
      if (page !== null && page !== proven + later) found.push({ what: later ? `${name}, with the votes since` : `${name}, as this page shows it`, here: page, proven: proven + later });
    }
    return found;
  }

  /** The total of a bucket that the page shows beside the panel, in base units; null where it shows none. */
  shownOnPage(bucket) {
    const value = document.querySelector(`#tally #bar-${bucket}`)?.closest(".line")?.querySelector("data")?.value;
    return value === undefined ? null : BigInt(value);
  }

  ofPage(watched) {
    const found = [];
    for (const element of watched ? document.querySelectorAll("[data-held]") : []) {
      const proven = element.dataset.held.split(".").reduce((inner, name) => inner?.[name], watched);
      const here = BigInt(element.querySelector("data").value);
      if (proven === undefined || proven === null || BigInt(proven) !== here) found.push({ what: element.dataset.what, here, proven: proven == null ? null : BigInt(proven), plain: "plain" in element.dataset });
    }
    return found;
  }

  alarm(differences) {
    this.slot("alarm").hidden = !differences.length;
    const written = (value, plain) => (value === null ? "nothing" : plain ? value.toLocaleString("en-US") : amount(value, this.unit));
    const rows = differences.map(({ what, here, proven, plain }) => row([what, written(here, plain), written(proven, plain)]));
    this.slot("differences").replaceChildren(...rows);
  }

  steps(answer) {
    this.slot("shown").replaceChildren(...shown(answer, this.unit).map(({ shown: words, by }) => item(words, `by ${by}`)));
    this.slot("open").replaceChildren(...open(answer).map((words) => item(words)));
    for (const element of this.panel.querySelectorAll("[data-of-count]")) element.hidden = false;
  }

  /** What is to be compared and downloaded is what was checked, which may be newer than the page. */
  rests({ anchor, root, result }) {
    const { key, url } = this.panel.dataset;
    this.panel.dataset.anchor = anchor;
    for (const element of this.panel.querySelectorAll("[data-anchor-number]")) element.textContent = BigInt(result.block.number).toLocaleString("en-US");
    for (const element of this.panel.querySelectorAll("[data-file-name]")) element.textContent = `${key}-${result.block.number}.certificate`;
    this.slot("file").href = `${url}/file?root=${root}`;
    this.slot("anchor-hash").textContent = anchor;
    this.slot("anchor-fours").ariaLabel = anchor;
    this.slot("anchor-fours").replaceChildren(...anchor.slice(2).match(/.{4}/g).map((four) => Object.assign(document.createElement("span"), { textContent: four })));
  }

  voter(answer) {
    const none = "The certificate has no list of votes, so it does not show whether this address voted.";
    const { words, rows } = answer.watched ? ofVoter(answer.watched, answer, this.unit) : { words: [none], rows: [] };
    this.slot("voter").hidden = false;
    this.slot("voter-words").replaceChildren(...words.map((word) => item(word)));
    this.slot("equation").hidden = !rows.length;
    this.slot("sums").replaceChildren(...rows.map(row));
  }

  failed(title, words) {
    this.outcome("alarm");
    this.alarm([]);
    for (const element of this.panel.querySelectorAll("[data-of-count]")) element.hidden = true;
    this.slot("equal").hidden = true;
    this.slot("verdict").replaceChildren(...sentence(title), ` ${words}`);
    this.slot("outcome").focus();
  }

  outcome(level) {
    this.slot("outcome").hidden = false;
    this.slot("verdict").className = `call ${level} verdict`;
    this.say("");
  }

  problem(words) {
    this.end();
    this.slot("problem").textContent = words;
    this.slot("problem").hidden = false;
    this.say("");
    this.slot("start").focus();
  }

  say(words) {
    this.slot("step").textContent = words;
  }

  /** What this site has counted up to the anchor of a certificate (by root, else the newest), and since. */
  counts(root) {
    const { counts } = this.panel.dataset;
    return getJson(root ? `${counts}?root=${root}` : counts);
  }
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(bytes < 1e5 ? 2 : 1);

function sentence(words) {
  return [Object.assign(document.createElement("b"), { textContent: words })];
}

function item(words, by = "") {
  const found = document.createElement("li");
  const inner = document.createElement("span");
  inner.append(words);
  if (by) inner.append(" ", Object.assign(document.createElement("span"), { className: "faint", textContent: by }));
  found.append(inner);
  return found;
}

function row([first, ...rest]) {
  const found = document.createElement("tr");
  found.append(Object.assign(document.createElement("th"), { scope: "row", textContent: first }));
  for (const text of rest) found.append(Object.assign(document.createElement("td"), { className: "end num", textContent: text }));
  return found;
}
