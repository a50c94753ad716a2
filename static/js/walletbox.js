// The wallet button at the top and its dialog: choose, see, sign in, disconnect.

import { inWords } from "./refusals.js";
import { shortAddress, wallet } from "./wallets.js";

const dialog = document.getElementById("wallet-dialog");
const part = (name) => dialog.querySelector(`[data-part="${name}"]`);
const slot = (name) => dialog.querySelector(`[data-${name}]`);

export function startWalletButton() {
  const button = document.querySelector("[data-wallet-button]");
  button.addEventListener("click", openWalletDialog);
  slot("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  slot("disconnect").addEventListener("click", () => {
    wallet.disconnect();
    dialog.close();
  });
  slot("handoff").addEventListener("toggle", showCode);
  wallet.addEventListener("change", () => {
    button.textContent = wallet.account ? shortAddress(wallet.account) : "Connect wallet";
    button.classList.toggle("mono", Boolean(wallet.account));
    show();
  });
  wallet.discover();
  show();
}

export function openWalletDialog() {
  say("");
  show();
  if (!dialog.open) dialog.showModal();
}

function show() {
  const connected = Boolean(wallet.account);
  part("choose").hidden = connected;
  part("connected").hidden = !connected;
  slot("title").textContent = connected ? "Your wallet" : "Connect a wallet";
  if (connected) {
    slot("account").textContent = shortAddress(wallet.account);
    slot("account").href = `/addresses/${wallet.account}/`;
    slot("wallet-name").textContent = wallet.chosen.info.name;
    slot("wallet-chain").textContent = wallet.chainId === null ? "none that it could tell" : `chain id ${wallet.chainId}`;
    return;
  }
  slot("wallets").replaceChildren(...wallet.list.map(choice));
  const none = wallet.list.length === 0;
  slot("none").hidden = !none;
  slot("deep-links").replaceChildren(...(none ? deepLinks() : []));
  slot("local").hidden = !none || !isLocal();
  slot("host").textContent = location.host;
}

function choice({ info }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button wallet-choice";
  const icon = document.createElement(info.icon ? "img" : "span");
  if (info.icon) Object.assign(icon, { src: info.icon, alt: "" });
  else Object.assign(icon, { className: "no-icon", textContent: [...info.name][0] });
  icon.ariaHidden = "true";
  button.append(icon, info.name);
  button.addEventListener("click", async () => {
    say("");
    button.disabled = true;
    try {
      await wallet.connect(info.uuid);
      dialog.close();
    } catch (error) {
      say(inWords(error));
    } finally {
      button.disabled = false;
    }
  });
  item.append(button);
  return item;
}

/** Links that open this very page in the browser inside a wallet's app. */
function deepLinks() {
  const url = location.href.split("#")[0];
  const bare = url.replace(/^https?:\/\//, "");
  const links = {
    MetaMask: `https://metamask.app.link/dapp/${bare}`,
    "Coinbase Wallet": `https://go.cb-w.com/dapp?cb_url=${encodeURIComponent(url)}`,
    "Trust Wallet": `https://link.trustwallet.com/open_url?coin_id=60&url=${encodeURIComponent(url)}`,
  };
  return Object.entries(links).map(([name, href]) => {
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href, rel: "noopener", className: "button wallet-choice" });
    const mark = Object.assign(document.createElement("span"), { className: "no-icon", textContent: name[0] });
    mark.ariaHidden = "true";
    link.append(mark, `Open in ${name}`);
    item.append(link);
    return item;
  });
}

function isLocal() {
  return /^(localhost|127\.|\[::1\])/.test(location.host);
}

function showCode() {
  const image = slot("qr");
  if (!image.src) image.src = `/hand-off/?path=${encodeURIComponent(location.pathname + location.search)}`;
}

function say(problem) {
  slot("problem").textContent = problem;
  slot("problem").hidden = !problem;
}
