// Whether the node behind the visitor's own wallet knows the anchor of a certificate.

import { Refusal, inWords } from "./refusals.js";
import { openWalletDialog } from "./walletbox.js";
import { wallet } from "./wallets.js";

/** Ask for the block of this hash, and say in the panel what the node answered. */
export async function compareAnchor(panel, hash) {
  const says = panel.querySelector("[data-node-says]");
  if (!wallet.account) {
    says.textContent = "Connect a wallet first; then ask again.";
    return openWalletDialog();
  }
  says.className = "small quiet";
  says.textContent = "Asking the node of your wallet…";
  try {
    const chain = JSON.parse(document.getElementById("wallet-chain").textContent);
    if (wallet.chainId !== chain.id) await wallet.switchTo(chain);
    const { level, words } = await told(hash, chain);
    says.className = `small call ${level}`;
    says.textContent = words;
  } catch (error) {
    says.className = "small call warn";
    says.textContent = inWords(error);
  }
}

async function told(hash, chain) {
  const block = await wallet.request("eth_getBlockByHash", [hash, false]);
  if (!block) return { level: "warn", words: `The node of your wallet does not know this block of ${chain.name}. It may be behind, or keep no old blocks; if it is neither, do not rely on this certificate.` };
  const there = await wallet.request("eth_getBlockByNumber", [block.number, false]);
  if (!there) throw new Refusal("The node of your wallet knows the block by its hash, and none by its number. Ask again in a moment.");
  const number = Number(block.number).toLocaleString("en-US");
  if (there.hash.toLowerCase() !== hash) return { level: "alarm", words: `On the chain of your wallet’s node block ${number} has another hash, ${there.hash}: the anchor is not part of it. Do not rely on this certificate.` };
  return { level: "ok", words: `The node of your wallet has this very block, number ${number}, on its chain.` };
}
