// One transaction from the wallet to finality: asked, sent, included, counted, final.

import { onFrame } from "./live.js";
import { Refusal } from "./refusals.js";
import { wallet } from "./wallets.js";

const POLL = 1000;
const LOST_AFTER = 120_000;

/** The visible list of steps; each change is also said to a screen reader by `say`. */
export class Steps {
  constructor(list, names, say) {
    this.say = say;
    this.items = new Map();
    list.replaceChildren(
      ...Object.entries(names).map(([key, name]) => {
        const item = document.createElement("li");
        const body = document.createElement("div");
        const note = Object.assign(document.createElement("div"), { className: "t" });
        body.append(name, note);
        item.append(body);
        this.items.set(key, { item, note, name });
        return item;
      }),
    );
  }

  mark(key, status, note = "") {
    const { item, note: slot, name } = this.items.get(key);
    if (item.className === status && slot.textContent === note) return;
    item.className = status;
    item.toggleAttribute("aria-current", status === "now");
    slot.textContent = note;
    this.say(`${name}. ${note}`);
  }

  fail(note) {
    for (const [key, { item }] of this.items) if (item.className === "now") return this.mark(key, "failed", note);
  }
}

/** Nothing is signed on a picture of the chain that may be out of date. */
export function requireFresh(chain) {
  const mark = document.querySelector(`[data-chain="${CSS.escape(chain.key)}"]`);
  if (mark?.dataset.level === "down") {
    throw new Refusal(`Our reading of ${chain.name} stands still, so what you see may be out of date. Signing waits until it is fresh again; how fresh each chain is stands at the top.`);
  }
}

/** Refuse early what the contract would refuse; a node that cannot tell does not stop anybody. */
export async function rehearse(call) {
  try {
    await wallet.request("eth_call", [{ from: wallet.account, to: call.to, data: call.data }, "latest"]);
  } catch (error) {
    const text = `${error?.message ?? ""} ${error?.data?.message ?? ""} ${typeof error?.data === "string" ? error.data : ""}`;
    if (error?.code === 3 || /revert/i.test(text)) throw Object.assign(new Error(text), { code: error.code });
  }
}

/**
 * Ask the wallet to send `call`, then follow it. `counted(hash)` asks our own server and returns
 * {counted, block, finalized, other}, `other` being true when it was counted under another hash.
 */
export async function sendAndFollow({ call, chainId, topic, steps, counted }) {
  steps.mark("wallet", "now", "Look at your wallet: it asks you to confirm.");
  const from = wallet.account;
  if ((await currentChain()) !== chainId) throw new Refusal("Your wallet changed its chain meanwhile. Switch back and try again.");
  const nonce = await nextNonce(from);
  const hash = await wallet.request("eth_sendTransaction", [{ from, to: call.to, data: call.data, value: "0x0" }]);
  steps.mark("wallet", "done", "Signed.");
  steps.mark("sent", "now", `Waiting for a block. Transaction ${hash}`);
  const receipt = await inclusion({ hash, from, nonce, counted, steps });
  if (receipt) {
    if (BigInt(receipt.status ?? 1) === 0n) throw new Refusal(await whyFailed(call, from, receipt), { settled: true });
    steps.mark("sent", "done", `Transaction ${hash}`);
    steps.mark("included", "done", `In block ${Number(receipt.blockNumber).toLocaleString("en-US")}.`);
  }
  await countingAndFinality({ hash, topic, steps, counted });
}

/** The number that the account's next transaction will have; null when no node says. */
async function nextNonce(account) {
  for (const block of ["pending", "latest"]) {
    const count = await quietly("eth_getTransactionCount", [account, block]);
    if (count !== null) return Number(count);
  }
  return null;
}

async function currentChain() {
  return wallet.request("eth_chainId");
}

/**
 * The receipt; null when another transaction took its place and was counted. `nonce` is the number
 * it was expected to have before it was sent, for one that is replaced before any node shows it.
 */
async function inclusion({ hash, from, nonce, counted, steps }) {
  const started = Date.now();
  let missing = 0;
  for (;;) {
    const receipt = await quietly("eth_getTransactionReceipt", [hash]);
    if (receipt) return receipt;
    const found = await quietly("eth_getTransactionByHash", [hash]);
    if (found) nonce = Number(found.nonce);
    const count = nonce === null ? null : await quietly("eth_getTransactionCount", [from, "latest"]);
    const used = count === null ? null : Number(count);
    missing = used !== null && used > nonce ? missing + 1 : 0;
    if (missing >= 3) {
      // The account's number is used up, yet this transaction has no receipt: another took its place.
      const told = await counted(hash);
      if (told.counted) {
        steps.mark("sent", "done", "Your wallet replaced this transaction by another one, which was included.");
        steps.mark("included", "done", `In block ${told.block.toLocaleString("en-US")}.`);
        return null;
      }
      if (missing > 10) throw new Refusal("Your wallet replaced or cancelled this transaction, and what took its place did not do this. Nothing was counted; you may try again.", { settled: true });
    }
    if (!found && Date.now() - started > LOST_AFTER) {
      throw new Refusal("The network has not taken this transaction within two minutes; it seems to have been dropped. Look at your wallet’s activity before you try again.", { settled: true });
    }
    if (Date.now() - started > 30_000 && found) steps.mark("sent", "now", "Still waiting for a block. Your wallet may let you raise the fee to hurry it.");
    await pause(POLL);
  }
}

async function countingAndFinality({ hash, topic, steps, counted }) {
  steps.mark("counted", "now", "Waiting until our own reading of the chain has it.");
  let wake = null;
  const off = onFrame((frame) => frame.topic === topic && wake?.());
  const started = Date.now();
  let was = false;
  try {
    for (;;) {
      const told = await counted(hash);
      if (told.counted) {
        was = true;
        steps.mark("counted", "done", `In the list below since block ${told.block.toLocaleString("en-US")}.`);
        if (told.finalized !== null && told.finalized >= told.block) return steps.mark("final", "done", "The endpoints call its block final.");
        const left = told.finalized === null ? "" : ` ${(told.block - told.finalized).toLocaleString("en-US")} blocks to go.`;
        steps.mark("final", "now", `A reorganisation could still take it back.${left}`);
      } else if (was) {
        steps.mark("counted", "now", "A reorganisation took it back; waiting for it to be included again.");
        steps.mark("final", "", "");
        was = false;
      } else if (Date.now() - started > 30_000) {
        steps.mark("counted", "now", "It is on the chain; our reading is late. See how fresh the chains are at the top.");
      }
      await Promise.race([pause(was ? 4000 : POLL), new Promise((resolve) => (wake = resolve))]);
    }
  } finally {
    off();
  }
}

async function whyFailed(call, from, receipt) {
  const block = "0x" + (BigInt(receipt.blockNumber) - 1n).toString(16);
  const start = `The transaction was included in block ${Number(receipt.blockNumber).toLocaleString("en-US")} and failed there: `;
  try {
    await wallet.request("eth_call", [{ from, to: call.to, data: call.data }, block]);
  } catch (error) {
    const { inWords } = await import("./refusals.js");
    return start + inWords(error).replace(" Nothing was sent.", "");
  }
  return `${start}the contract refused it, or its gas ran out. Nothing was counted.`;
}

/** A node that does not answer this moment is asked again the next. */
async function quietly(method, params) {
  try {
    return await wallet.request(method, params);
  } catch {
    return null;
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
