// Wallets by EIP-6963: who is there, and the one that the visitor chose.
//
// `wallet` is an EventTarget that says `change` whenever account, chain or choice changes.

import { accounts as soundAccounts, announced, ask, chainNumber } from "./provider.js";

const REMEMBERED = "tocsin:wallet";

class Wallet extends EventTarget {
  found = new Map(); // uuid -> {info, provider}
  chosen = null;
  account = null;
  chainId = null;

  /** Listen for announcements and ask for them; reconnect silently to the wallet chosen before. */
  discover() {
    addEventListener("eip6963:announceProvider", (event) => this.#announced(event.detail));
    dispatchEvent(new Event("eip6963:requestProvider"));
  }

  #announced(detail) {
    const entry = announced(detail, this.found.size);
    if (!entry || this.found.has(entry.info.uuid)) return;
    const { uuid, rdns } = entry.info;
    this.found.set(uuid, entry);
    this.#changed();
    if (!this.chosen && rdns && remembered() === rdns) this.connect(uuid, { silently: true });
  }

  get list() {
    return [...this.found.values()];
  }

  /** Ask a wallet for its account. Silently: only if it still trusts this page. */
  async connect(uuid, { silently = false } = {}) {
    const entry = this.found.get(uuid);
    if (!entry) throw new Error("That wallet is not there any more.");
    const method = silently ? "eth_accounts" : "eth_requestAccounts";
    let accounts, chainId;
    try {
      accounts = await ask(entry.provider, method);
      chainId = accounts.length ? await ask(entry.provider, "eth_chainId") : null;
    } catch (error) {
      if (silently) return; // a wallet that is locked or has forgotten us is simply not connected
      throw error;
    }
    if (!accounts.length) {
      if (silently) return;
      throw new Error("The wallet gave no account. Unlock it and try again.");
    }
    this.#unlisten?.();
    this.chosen = entry;
    this.account = accounts[0];
    this.chainId = chainId;
    this.#listen(entry.provider);
    remember(entry.info.rdns);
    this.#changed();
  }

  /** Forget the wallet on this page; the wallet itself keeps or drops its own permission. */
  disconnect() {
    this.#unlisten?.();
    this.chosen = this.account = this.chainId = null;
    remember(null);
    this.#changed();
  }

  request(method, params = []) {
    if (!this.chosen) return Promise.reject(new Error("No wallet is connected. Connect one and try again."));
    return ask(this.chosen.provider, method, params);
  }

  /** Bring the wallet to a chain, telling it of the chain first where it does not know it. */
  async switchTo(chain) {
    const chainId = "0x" + chain.id.toString(16);
    try {
      await this.request("wallet_switchEthereumChain", [{ chainId }]);
    } catch (error) {
      const code = error?.code ?? error?.data?.originalError?.code;
      if (code !== 4902 || !chain.rpc.length) throw error;
      await this.request("wallet_addEthereumChain", [
        { chainId, chainName: chain.name, rpcUrls: chain.rpc, nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 } },
      ]);
      await this.request("wallet_switchEthereumChain", [{ chainId }]);
    }
    this.chainId = await this.request("eth_chainId");
    this.#changed();
  }

  /** Whether an account has code of its own, as a Safe has; accounts with delegated code sign by key. */
  async isContract(address) {
    const code = await this.request("eth_getCode", [address, "latest"]);
    return code.length > 2 && !code.toLowerCase().startsWith("0xef0100");
  }

  #unlisten = null;

  #listen(provider) {
    // A wallet that was left may go on talking: it is not listened to any more.
    const left = () => this.chosen?.provider !== provider;
    const accounts = (list) => {
      if (left()) return;
      const sound = quietly(() => soundAccounts(list)) ?? [];
      if (!sound.length) return this.disconnect();
      this.account = sound[0];
      this.#changed();
    };
    const chain = (id) => {
      if (left()) return;
      this.chainId = quietly(() => chainNumber(id)); // null is no chain of ours, so nothing is signed
      this.#changed();
    };
    quietly(() => provider.on?.("accountsChanged", accounts));
    quietly(() => provider.on?.("chainChanged", chain));
    this.#unlisten = () => {
      quietly(() => provider.removeListener?.("accountsChanged", accounts));
      quietly(() => provider.removeListener?.("chainChanged", chain));
    };
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** A wallet that breaks while it tells or is told something keeps what it had said before. */
function quietly(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function remember(rdns) {
  try {
    if (rdns) localStorage.setItem(REMEMBERED, rdns);
    else localStorage.removeItem(REMEMBERED);
  } catch {
    // Without storage the visitor connects again on the next page.
  }
}

export const wallet = new Wallet();

export function shortAddress(address) {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}
