// Delegation boxes: give the voting power of your tokens to yourself or to somebody else.

import { encodeCall } from "./abi.js";
import { getJson } from "./answers.js";
import { addressIn, TransactionBox } from "./box.js";
import { inWords } from "./refusals.js";
import { shortAddress, wallet } from "./wallets.js";

const STEPS = { wallet: "Confirm in your wallet", sent: "Sent", included: "Included in a block", counted: "Taken over here", final: "Final" };

export function startDelegateBoxes() {
  for (const element of document.querySelectorAll("[data-delegate-box]")) new DelegateBox(element).start();
}

class DelegateBox extends TransactionBox {
  constructor(element) {
    super(element, { chain: `chain-of-${element.dataset.token}`, above: "now", steps: STEPS });
    this.topic = `delegates:${element.dataset.token}`;
  }

  start() {
    super.start();
    this.slot("self").addEventListener("click", () => (this.part("form").elements.to.value = wallet.account));
    this.slot("change").addEventListener("click", () => this.refresh());
    wallet.addEventListener("change", () => this.refresh());
    this.refresh();
  }

  async refresh() {
    if (this.busy) return;
    this.problem("");
    if (!wallet.account) return this.show("connect");
    try {
      const told = await this.told();
      this.slot("now").textContent = told.words;
    } catch (error) {
      return this.problem(inWords(error));
    }
    this.show("now", wallet.chainId === this.chain.id ? "form" : "wrong-chain");
  }

  told() {
    return getJson(`${this.element.dataset.url}?of=${wallet.account}`);
  }

  async review(event) {
    event.preventDefault();
    await this.attempt(async () => {
      const to = addressIn(this.part("form").elements.to);
      const { address, name, url } = this.element.dataset;
      const served = await getJson(`${url}?to=${to}`);
      this.to = to;
      this.slot("review-words").textContent =
        to.toLowerCase() === wallet.account.toLowerCase()
          ? "You delegate your voting power to yourself: from the next snapshot on you can vote with it."
          : `You delegate your voting power to ${to}, who votes with it from the next snapshot on. You keep your tokens and may change this at any time.`;
      this.slot("review-detail").textContent = `One transaction on ${this.chain.name} (chain id ${this.chain.id}) to ${name}, ${address}: delegate(${shortAddress(to)}). No ether goes with it.`;
      const derived = { to: address, data: encodeCall("delegate(address)", [to]) };
      await this.offer(derived, served, "delegation", { file: `${url}?to=${to}&file=1` });
    });
  }

  async counted(hash) {
    const told = await this.told();
    this.slot("now").textContent = told.words;
    const done = told.transaction === hash || told.delegate?.toLowerCase() === this.to.toLowerCase();
    return { counted: done, block: told.block, finalized: told.finalized };
  }
}
