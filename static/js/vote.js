// The vote box: power, choice, review, signature, and the way to finality.

import { checksum, encodeCall, fromHex, packSplit, toHex } from "./abi.js";
import { formatUnits, parseUnits } from "./amounts.js";
import { onFrame } from "./live.js";
import { keccak_256 } from "../vendor/noble-hashes/sha3.js";
import { inWords, Refusal } from "./refusals.js";
import { rehearse, requireFresh, sendAndFollow, Steps } from "./transaction.js";
import { openWalletDialog } from "./walletbox.js";
import { shortAddress, wallet } from "./wallets.js";

const SUPPORT = { against: 0, for: 1, abstain: 2, split: 255 };
const ANSWER_WITHIN = 10_000;
const NAMES = { against: "Against", for: "For", abstain: "Abstain", split: "Split" };
const STEPS = { wallet: "Confirm in your wallet", sent: "Sent", included: "Included in a block", counted: "Counted", final: "Final" };

export function startVoteBox() {
  const element = document.getElementById("vote-box");
  if (element) new VoteBox(element).start();
}

class VoteBox {
  told = null; // what our server says of this voter
  safe = null; // address of a Safe to prepare the vote for, instead of a connected account
  busy = false;

  constructor(element) {
    this.element = element;
    this.chain = JSON.parse(document.getElementById("wallet-chain").textContent);
    this.decimals = Number(element.dataset.decimals);
    this.form = this.part("form");
  }

  part = (name) => this.element.querySelector(`[data-part="${name}"]`);
  slot = (name) => this.element.querySelector(`[data-${name}]`);

  start() {
    this.slot("connect").addEventListener("click", openWalletDialog);
    this.slot("safe-instead").addEventListener("click", () => this.show("safe"));
    this.slot("back").addEventListener("click", () => this.refresh());
    this.slot("switch").addEventListener("click", () => this.attempt(() => wallet.switchTo(this.chain)));
    this.slot("change").addEventListener("click", () => this.show("power", "form"));
    this.slot("send").addEventListener("click", () => this.send());
    this.slot("copy").addEventListener("click", () => this.copy());
    this.part("safe").addEventListener("submit", (event) => this.takeSafe(event));
    this.form.addEventListener("submit", (event) => this.review(event));
    this.form.addEventListener("input", () => this.showSplit());
    wallet.addEventListener("change", () => {
      this.safe = null;
      this.refresh();
    });
    onFrame((frame) => frame.topic === `proposal:${this.element.dataset.key}` && this.refresh({ quietly: true }));
    document.body.addEventListener("htmx:oobAfterSwap", (event) => {
      if (event.detail.target?.id === "standing") this.refresh({ quietly: true });
    });
    this.refresh();
  }

  get voter() {
    return this.safe ?? wallet.account;
  }

  get open() {
    return document.getElementById("standing").dataset.open === "true";
  }

  /** Show what fits the moment. Quietly: leave a form alone that somebody is filling in. */
  async refresh({ quietly = false } = {}) {
    if (this.busy) return;
    if (!quietly) this.problem("");
    if (!this.voter) return this.show(this.open ? "connect" : "closed");
    const voter = this.voter;
    try {
      const told = await getJson(`${this.element.dataset.powerUrl}?address=${voter}`);
      if (voter !== this.voter || this.busy) return;
      this.told = told;
    } catch (error) {
      return this.problem(inWords(error));
    }
    this.showPower();
    const reviewing = quietly && !this.part("review").hidden && this.told.open;
    if (reviewing) return;
    const parts = ["power"];
    if (!this.told.open) parts.push("closed");
    else if (BigInt(this.told.remaining) === 0n) parts.push();
    else if (!this.safe && wallet.chainId !== this.chain.id) parts.push("wrong-chain");
    else parts.push("form");
    this.show(...parts);
  }

  showPower() {
    const told = this.told;
    this.slot("who").textContent = shortAddress(told.address);
    this.slot("power").textContent = told.power_text;
    const voted = told.votes.map((vote) => `${vote.choice} with ${vote.weight_text}`).join(", then ");
    const left = BigInt(told.remaining) > 0n ? ` ${told.remaining_text} of it are still yours to cast.` : "";
    const words = [];
    if (told.reason) words.push(told.reason);
    if (told.preliminary) words.push("The snapshot is not taken yet: this is what you hold now.");
    if (voted) words.push(`You voted ${voted}.${left || (told.votes.length ? " A vote cannot be changed." : "")}`);
    this.slot("power-words").textContent = words.join(" ") || `As it was at the snapshot, ${told.snapshot}.`;
    this.slot("closed-words").textContent = told.open ? "" : told.state === "Not open yet" ? "Voting has not opened yet." : "No votes are taken any more.";
  }

  showSplit() {
    const fields = this.slot("split");
    if (!fields) return;
    const split = this.form.elements.choice.value === "split";
    fields.hidden = !split;
    if (!split) return;
    const words = this.slot("split-left");
    try {
      const left = BigInt(this.told.remaining) - this.total(this.parts());
      words.textContent = left < 0n ? `That is ${formatUnits(-left, this.decimals)} more than you have left.` : `${formatUnits(left, this.decimals)} ${this.element.dataset.symbol} stay for later.`;
    } catch (error) {
      words.textContent = error.message;
    }
  }

  parts() {
    const read = (name) => parseUnits(this.form.elements[name].value, this.decimals);
    return { for: read("for"), against: read("against"), abstain: read("abstain") };
  }

  total = (parts) => parts.for + parts.against + parts.abstain;

  async takeSafe(event) {
    event.preventDefault();
    const text = this.part("safe").elements.address.value.trim();
    if (!/^0x[0-9a-f]{40}$/i.test(text)) return this.problem("That is not an address: 0x and 40 hex digits are needed.");
    this.safe = checksum(text);
    await this.refresh();
  }

  /** Derive the transaction twice, and show it only when both derivations are the same. */
  async review(event) {
    event.preventDefault();
    await this.attempt(async () => {
      const choice = this.form.elements.choice.value;
      requireFresh(this.chain);
      if (!choice) throw new Refusal("Choose For, Against, Abstain" + (this.slot("split") ? " or Split." : "."));
      const reason = this.form.elements.reason.value.trim();
      const parts = choice === "split" ? this.checkedParts() : null;
      const query = new URLSearchParams({ choice, reason });
      if (parts) for (const [name, units] of Object.entries(parts)) query.set(name, units.toString());
      const served = await getJson(`${this.element.dataset.ballotUrl}?${query}`);
      const derived = this.derive(choice, reason, parts);
      const same = served.data === derived.data && served.to.toLowerCase() === derived.to.toLowerCase() && served.chain_id === this.chain.id;
      if (!same) throw new Refusal("The server and this page derive different transactions for the same vote. Do not sign; reload the page, and report it if it happens again.");
      this.call = { ...derived, function: served.function };
      await this.showReview(choice, reason, parts, query);
    });
  }

  checkedParts() {
    const parts = this.parts();
    if (this.total(parts) === 0n) throw new Refusal("Give at least one part of the split.");
    if (this.total(parts) > BigInt(this.told.remaining)) throw new Refusal(`The parts add up to more than the ${this.told.remaining_text} that you may still cast.`);
    return parts;
  }

  derive(choice, reason, parts) {
    const { proposal, governor } = this.element.dataset;
    const base = [BigInt(proposal), SUPPORT[choice]];
    if (parts) return { to: governor, data: encodeCall("castVoteWithReasonAndParams(uint256,uint8,string,bytes)", [...base, reason, packSplit(parts)]) };
    if (reason) return { to: governor, data: encodeCall("castVoteWithReason(uint256,uint8,string)", [...base, reason]) };
    return { to: governor, data: encodeCall("castVote(uint256,uint8)", base) };
  }

  async showReview(choice, reason, parts, query) {
    const amount = parts
      ? Object.entries(parts).filter(([, units]) => units > 0n).map(([name, units]) => `${formatUnits(units, this.decimals)} ${NAMES[name]}`).join(", ")
      : `${NAMES[choice]} with all of your ${this.told.remaining_text}`;
    const { governorName, proposal } = this.element.dataset;
    this.slot("review-words").textContent = `You vote ${amount}${reason ? `, and say: “${reason}”` : ", and give no reason"}.`;
    this.slot("review-detail").textContent = `One transaction on ${this.chain.name} (chain id ${this.chain.id}) to ${governorName}, ${this.call.to}: ${this.call.function} for proposal ${shortNumber(proposal)}. No ether goes with it. It cannot be taken back.`;
    this.slot("agree").textContent = "✓ The server and this page have derived the same transaction, each by itself.";
    const hash = toHex(keccak_256(fromHex(this.call.data)));
    this.slot("hash").replaceChildren(...hash.match(/.{4}/g).map((four) => Object.assign(document.createElement("span"), { textContent: four })));
    this.slot("calldata").textContent = this.call.data;
    this.slot("safe-file").href = `${this.element.dataset.safeUrl}?${query}`;
    this.slot("safe-to").textContent = this.call.to;
    const contract = this.safe !== null || (await wallet.isContract(wallet.account).catch(() => false));
    this.slot("send").hidden = contract;
    this.slot("safe").open = contract;
    this.show("power", "review");
    this.slot("review-title").focus();
  }

  async send() {
    await this.attempt(async () => {
      this.slot("send").disabled = true;
      try {
        requireFresh(this.chain);
        await rehearse(this.call);
        this.busy = true;
        this.show("power", "progress");
        const before = this.told.votes.length;
        const steps = new Steps(this.slot("steps"), STEPS, (words) => (this.slot("said").textContent = words));
        this.steps = steps;
        await sendAndFollow({
          call: this.call,
          chainId: this.chain.id,
          topic: `proposal:${this.element.dataset.key}`,
          steps,
          counted: (hash) => this.counted(hash, before),
        });
        this.show("power", "progress");
      } finally {
        this.slot("send").disabled = false;
        this.busy = false;
      }
    });
  }

  async counted(hash, before) {
    try {
      const told = await getJson(`${this.element.dataset.powerUrl}?address=${this.voter}`);
      this.told = told;
      this.showPower();
      const own = told.votes.find((vote) => vote.transaction === hash);
      const vote = own ?? (told.votes.length > before ? told.votes.at(-1) : null);
      return { counted: Boolean(vote), block: vote?.block ?? null, finalized: told.finalized };
    } catch {
      return { counted: false, block: null, finalized: null };
    }
  }

  async copy() {
    await navigator.clipboard?.writeText(this.call.data);
    this.slot("copy").textContent = "Copied";
    setTimeout(() => (this.slot("copy").textContent = "Copy the calldata"), 2000);
  }

  /** Do something that may be refused, and say why if it is. */
  async attempt(act) {
    this.problem("");
    try {
      await act();
    } catch (error) {
      const words = inWords(error);
      this.problem(words);
      if (!this.part("progress").hidden) {
        this.steps?.fail(words);
        if (!error.settled) this.show("power", "review");
      }
    }
  }

  problem(words) {
    this.slot("problem").textContent = words;
    this.slot("problem").hidden = !words;
  }

  show(...names) {
    for (const part of this.element.querySelectorAll("[data-part]")) part.hidden = !names.includes(part.dataset.part);
  }
}

/** What our server answers. Past the browser's store, in which a second question would wait for the first. */
export async function getJson(url) {
  const options = { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN) };
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

function shortNumber(text) {
  return text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text;
}
