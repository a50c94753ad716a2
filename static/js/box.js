// A box in which a person reviews, signs and follows one transaction: what voting and delegating share.

import { checksum } from "./abi.js";
import { inWords, Refusal } from "./refusals.js";
import { rehearse, requireFresh, sendAndFollow, Steps } from "./transaction.js";
import { openWalletDialog } from "./walletbox.js";
import { wallet } from "./wallets.js";

export class TransactionBox {
  busy = false; // a transaction is on its way, and nothing is shown in its place
  call = null; // the transaction under review

  /** `chain`: id of the element that describes the chain. `above`: the part that stays over review and progress. */
  constructor(element, { chain, above, steps }) {
    this.element = element;
    this.chain = JSON.parse(document.getElementById(chain).textContent);
    this.above = above;
    this.words = steps;
  }

  part = (name) => this.element.querySelector(`[data-part="${name}"]`);
  slot = (name) => this.element.querySelector(`[data-${name}]`);

  start() {
    this.slot("connect").addEventListener("click", openWalletDialog);
    this.slot("switch").addEventListener("click", () => this.attempt(() => wallet.switchTo(this.chain)));
    this.slot("send").addEventListener("click", () => this.send());
    this.part("form").addEventListener("submit", (event) => this.review(event));
  }

  /** Show a transaction for review, once the server and this page have derived the same one. `act`: what it does, in a word. */
  async offer(derived, served, act, { file, contract }) {
    const same = served.data === derived.data && served.to.toLowerCase() === derived.to.toLowerCase() && served.chain_id === this.chain.id;
    if (!same) throw new Refusal(`The server and this page derive different transactions for the same ${act}. Do not sign; reload the page, and report it if it happens again.`);
    this.call = derived;
    this.slot("agree").textContent = "✓ The server and this page have derived the same transaction, each by itself.";
    this.slot("calldata").textContent = derived.data;
    this.slot("safe-file").href = file;
    // A contract signs by its owners, with the file that is prepared for them.
    const owned = contract || (await wallet.isContract(wallet.account).catch(() => false));
    this.slot("send").hidden = owned;
    this.slot("safe").open = owned;
    this.show(this.above, "review");
    this.slot("review-title").focus();
  }

  async send() {
    await this.attempt(async () => {
      this.slot("send").disabled = true;
      try {
        requireFresh(this.chain);
        await rehearse(this.call);
        this.busy = true;
        this.show(this.above, "progress");
        this.steps = new Steps(this.slot("steps"), this.words, (words) => (this.slot("said").textContent = words));
        const followed = { call: this.call, chainId: this.chain.id, topic: this.topic, steps: this.steps };
        await sendAndFollow({ ...followed, counted: (hash) => this.taken(hash) });
      } finally {
        this.slot("send").disabled = false;
        this.busy = false;
      }
    });
  }

  /** How far our server has taken in the transaction of this hash; no answer is not yet. */
  async taken(hash) {
    try {
      return await this.counted(hash);
    } catch {
      return { counted: false, block: null, finalized: null };
    }
  }

  /** Do something that may be refused, and say why if it is. */
  async attempt(act) {
    this.problem("");
    try {
      await act();
    } catch (error) {
      const words = inWords(error);
      this.problem(words);
      if (this.part("progress").hidden) return;
      this.steps?.fail(words);
      if (!error.settled) this.show(this.above, "review");
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

/** The address that somebody typed, with its checksum. */
export function addressIn(field) {
  const text = field.value.trim();
  if (!/^0x[0-9a-f]{40}$/i.test(text)) throw new Refusal("That is not an address: 0x and 40 hex digits are needed.");
  return checksum(text);
}
