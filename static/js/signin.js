// Sign-in with Ethereum (EIP-4361): the server writes the message, the wallet signs it.

import { checksum } from "./abi.js";
import { getJson } from "./answers.js";
import { inWords, Refusal } from "./refusals.js";
import { openWalletDialog } from "./walletbox.js";
import { wallet } from "./wallets.js";

export function startSignIn() {
  for (const button of document.querySelectorAll("[data-sign-in]")) {
    button.addEventListener("click", () => (wallet.account ? signIn(button) : openWalletDialog()));
  }
  // Somebody who is signed in already finds no button there.
  const page = document.querySelector("[data-sign-in-page]:has([data-sign-in])");
  if (!page) return;
  const show = () => {
    page.querySelector("[data-sign-in]").textContent = wallet.account ? "Sign in with this account" : "Connect a wallet";
    page.querySelector("[data-as]").textContent = wallet.account ?? "no wallet connected";
  };
  wallet.addEventListener("change", show);
  show();
}

async function signIn(button) {
  const problem = button.closest("dialog, section")?.querySelector("[data-problem]");
  const say = (words) => {
    if (!problem) return;
    problem.textContent = words;
    problem.hidden = !words;
  };
  say("");
  button.disabled = true;
  try {
    const address = checksum(wallet.account);
    const offered = await getJson(`/sign-in/nonce/?address=${address}&chain_id=${wallet.chainId}`);
    if (!offered.chain_ids.includes(wallet.chainId)) {
      throw new Refusal("Your wallet is on a chain that is not of this venue. Switch to one that is shown at the top, then sign in.");
    }
    const host = new URL(offered.uri).host;
    if (offered.domain !== location.host || host !== location.host) throw new Refusal("The message names another site. Do not sign it.");
    const raw = "0x" + Array.from(new TextEncoder().encode(offered.message), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const signature = await wallet.request("personal_sign", [raw, address]);
    const response = await fetch("/sign-in/", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": offered.csrf },
      body: JSON.stringify({ message: offered.message, signature, next: button.dataset.next ?? location.pathname }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Refusal(answer.error?.message ?? "Signing in did not work. Try again.");
    location.assign(answer.next);
  } catch (error) {
    say(inWords(error));
    button.disabled = false;
  }
}
