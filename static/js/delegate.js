// Delegation boxes: give the voting power of your tokens to yourself or to somebody else.

import { checksum, encodeCall } from "./abi.js";
import { inWords, Refusal } from "./refusals.js";
import { rehearse, requireFresh, sendAndFollow, Steps } from "./transaction.js";
import { getJson } from "./vote.js";
import { openWalletDialog } from "./walletbox.js";
import { shortAddress, wallet } from "./wallets.js";

const STEPS = { wallet: "Confirm in your wallet", sent: "Sent", included: "Included in a block", counted: "Taken over here", final: "Final" };

export function startDelegateBoxes() {
  for (const element of document.querySelectorAll("[data-delegate-box]")) new DelegateBox(element).start();
}

class DelegateBox {
  busy = false;

  constructor(element) {
    this.element = element;
    this.chain = JSON.parse(document.getElementById(`chain-of-${element.dataset.token}`).textContent);
  }

  part = (name) => this.element.querySelector(`[data-part="${name}"]`);
  slot = (name) => this.element.querySelector(`[data-${name}]`);

  start() {
    this.slot("connect").addEventListener("click", openWalletDialog);
    this.slot("switch").addEventListener("click", () => this.attempt(() => wallet.switchTo(this.chain)));
    this.slot("self").addEventListener("click", () => (this.part("form").elements.to.value = wallet.account));
    this.slot("change").addEventListener("click", () => this.refresh());
    this.slot("send").addEventListener("click", () => this.send());
    this.part("form").addEventListener("submit", (event) => this.review(event));
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
      const text = this.part("form").elements.to.value.trim();
      if (!/^0x[0-9a-f]{40}$/i.test(text)) throw new Refusal("That is not an address: 0x and 40 hex digits are needed.");
      const to = checksum(text);
      const served = await getJson(`${this.element.dataset.url}?to=${to}`);
      const data = encodeCall("delegate(address)", [to]);
      if (served.data !== data || served.to !== this.element.dataset.address || served.chain_id !== this.chain.id) {
        throw new Refusal("The server and this page derive different transactions for the same delegation. Do not sign; reload the page, and report it if it happens again.");
      }
      this.call = { to: served.to, data };
      this.to = to;
      const self = to.toLowerCase() === wallet.account.toLowerCase();
      this.slot("review-words").textContent = self
        ? "You delegate your voting power to yourself: from the next snapshot on you can vote with it."
        : `You delegate your voting power to ${to}, who votes with it from the next snapshot on. You keep your tokens and may change this at any time.`;
      this.slot("review-detail").textContent = `One transaction on ${this.chain.name} (chain id ${this.chain.id}) to ${this.element.dataset.name}, ${served.to}: delegate(${shortAddress(to)}). No ether goes with it.`;
      this.slot("agree").textContent = "✓ The server and this page have derived the same transaction, each by itself.";
      this.slot("calldata").textContent = data;
      this.slot("safe-file").href = `${this.element.dataset.url}?to=${to}&file=1`;
      const contract = await wallet.isContract(wallet.account).catch(() => false);
      this.slot("send").hidden = contract;
      this.slot("safe").open = contract;
      this.show("now", "review");
      this.slot("review-title").focus();
    });
  }

  async send() {
    await this.attempt(async () => {
      requireFresh(this.chain);
      await rehearse(this.call);
      this.busy = true;
      this.show("now", "progress");
      this.steps = new Steps(this.slot("steps"), STEPS, (words) => (this.slot("said").textContent = words));
      try {
        await sendAndFollow({
          call: this.call,
          chainId: this.chain.id,
          topic: `delegates:${this.element.dataset.token}`,
          steps: this.steps,
          counted: (hash) => this.counted(hash),
        });
      } finally {
        this.busy = false;
      }
    });
  }

  async counted(hash) {
    try {
      const told = await this.told();
      this.slot("now").textContent = told.words;
      const done = told.transaction === hash || told.delegate?.toLowerCase() === this.to.toLowerCase();
      return { counted: done, block: told.block, finalized: told.finalized };
    } catch {
      return { counted: false, block: null, finalized: null };
    }
  }

  async attempt(act) {
    this.problem("");
    try {
      await act();
    } catch (error) {
      const words = inWords(error);
      this.problem(words);
      if (this.part("progress").hidden) return;
      this.steps?.fail(words);
      if (!error.settled) this.show("now", "review");
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
