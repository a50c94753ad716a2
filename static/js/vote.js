// The vote box: power, choice, review, signature, and the way to finality.

import { encodeCall, fromHex, packSplit, toHex } from "./abi.js";
import { formatUnits, parseUnits } from "./amounts.js";
import { getJson } from "./answers.js";
import { addressIn, TransactionBox } from "./box.js";
import { onFrame } from "./live.js";
import { keccak_256 } from "../vendor/noble-hashes/sha3.js";
import { inWords, Refusal } from "./refusals.js";
import { requireFresh } from "./transaction.js";
import { shortAddress, wallet } from "./wallets.js";

const SUPPORT = { against: 0, for: 1, abstain: 2, split: 255 };
const NAMES = { against: "Against", for: "For", abstain: "Abstain", split: "Split" };
const STEPS = { wallet: "Confirm in your wallet", sent: "Sent", included: "Included in a block", counted: "Counted", final: "Final" };

export function startVoteBox() {
  const element = document.getElementById("vote-box");
  if (element) new VoteBox(element).start();
}

class VoteBox extends TransactionBox {
  told = null; // what our server says of this voter
  safe = null; // address of a Safe to prepare the vote for, instead of a connected account

  constructor(element) {
    super(element, { chain: "wallet-chain", above: "power", steps: STEPS });
    this.topic = `proposal:${element.dataset.key}`;
    this.decimals = Number(element.dataset.decimals);
    this.form = this.part("form");
  }

  start() {
    super.start();
    this.slot("safe-instead").addEventListener("click", () => this.show("safe"));
    this.slot("back").addEventListener("click", () => this.refresh());
    this.slot("change").addEventListener("click", () => this.show("power", "form"));
    this.slot("copy").addEventListener("click", () => this.copy());
    this.part("safe").addEventListener("submit", (event) => this.takeSafe(event));
    this.form.addEventListener("input", () => this.showSplit());
    wallet.addEventListener("change", () => {
      this.safe = null;
      this.refresh();
    });
    onFrame((frame) => frame.topic === this.topic && this.refresh({ quietly: true }));
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
    await this.attempt(async () => {
      this.safe = addressIn(this.part("safe").elements.address);
      await this.refresh();
    });
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
      this.describe(choice, reason, parts, served.function);
      const derived = this.derive(choice, reason, parts);
      this.slot("hash").replaceChildren(...spaced(toHex(keccak_256(fromHex(derived.data)))));
      this.slot("safe-to").textContent = derived.to;
      await this.offer(derived, served, "vote", { file: `${this.element.dataset.safeUrl}?${query}`, contract: this.safe !== null });
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

  describe(choice, reason, parts, called) {
    const amount = parts
      ? Object.entries(parts).filter(([, units]) => units > 0n).map(([name, units]) => `${formatUnits(units, this.decimals)} ${NAMES[name]}`).join(", ")
      : `${NAMES[choice]} with all of your ${this.told.remaining_text}`;
    const { governor, governorName, proposal } = this.element.dataset;
    this.slot("review-words").textContent = `You vote ${amount}${reason ? `, and say: “${reason}”` : ", and give no reason"}.`;
    this.slot("review-detail").textContent = `One transaction on ${this.chain.name} (chain id ${this.chain.id}) to ${governorName}, ${governor}: ${called} for proposal ${shortNumber(proposal)}. No ether goes with it. It cannot be taken back.`;
  }

  async send() {
    this.before = this.told.votes.length;
    await super.send();
  }

  async counted(hash) {
    const told = await getJson(`${this.element.dataset.powerUrl}?address=${this.voter}`);
    this.told = told;
    this.showPower();
    const own = told.votes.find((vote) => vote.transaction === hash);
    const vote = own ?? (told.votes.length > this.before ? told.votes.at(-1) : null);
    return { counted: Boolean(vote), block: vote?.block ?? null, finalized: told.finalized };
  }

  async copy() {
    await navigator.clipboard?.writeText(this.call.data);
    this.slot("copy").textContent = "Copied";
    setTimeout(() => (this.slot("copy").textContent = "Copy the calldata"), 2000);
  }
}

function spaced(digits) {
  return digits.match(/.{4}/g).map((four) => Object.assign(document.createElement("span"), { textContent: four }));
}

function shortNumber(text) {
  return text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text;
}
