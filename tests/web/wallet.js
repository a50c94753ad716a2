// A pretended EIP-6963 wallet without a chain behind it: tests decide what happens to what it sends.
(() => {
  const settings = __SETTINGS__;
  const chains = settings.chains ?? [901];
  const state = { accounts: settings.accounts ?? [], chainId: settings.chainId ?? 901, trusted: false };
  const listeners = {};
  const emit = (event, value) => (listeners[event] ?? []).forEach((listener) => listener(value));
  const refuse = (code, message) => Object.assign(new Error(message), { code });
  const control = (window.pretended = { sent: [], receipts: {}, known: {}, used: 7, refusal: null, calls: [], revert: null, signed: [], unseen: false, blocks: {} });
  control.setAccounts = (accounts) => emit("accountsChanged", (state.accounts = accounts));
  control.setChain = (id) => emit("chainChanged", "0x" + (state.chainId = id).toString(16));
  control.include = (hash, { status = "0x1", block = 48300 } = {}) => {
    control.receipts[hash] = { status, transactionHash: hash, blockNumber: "0x" + block.toString(16) };
    control.used += 1;
  };
  control.replace = (hash) => {
    delete control.known[hash];
    control.used += 1;
  };

  async function request({ method, params = [] }) {
    control.calls.push(method);
    switch (method) {
      case "eth_requestAccounts":
        if (control.refusal) throw refuse(...control.refusal);
        state.trusted = true;
        return state.accounts;
      case "eth_accounts":
        return state.trusted || settings.trusted ? state.accounts : [];
      case "eth_chainId":
        return "0x" + state.chainId.toString(16);
      case "wallet_switchEthereumChain": {
        const wanted = Number(params[0].chainId);
        if (!chains.includes(wanted)) throw refuse(4902, "Unrecognized chain");
        control.setChain(wanted);
        return null;
      }
      case "wallet_addEthereumChain":
        control.added = params[0];
        chains.push(Number(params[0].chainId));
        return null;
      case "eth_getCode":
        return settings.contract ? "0x6001" : "0x";
      case "eth_call":
        if (control.revert) throw Object.assign(refuse(3, `execution reverted: ${control.revert}`), { data: "0x" });
        return "0x";
      case "personal_sign":
        if (control.refusal) throw refuse(...control.refusal);
        control.signed.push(params);
        return window.signText ? window.signText(params[0]) : "0x" + "00".repeat(65);
      case "eth_sendTransaction": {
        if (control.refusal) throw refuse(...control.refusal);
        const hash = "0x" + (control.sent.length + 1).toString(16).padStart(64, "a");
        control.sent.push(params[0]);
        if (!control.unseen) control.known[hash] = { hash, nonce: "0x" + control.used.toString(16) };
        control.last = hash;
        return hash;
      }
      case "eth_getBlockByHash":
        return control.blocks.hash;
      case "eth_getBlockByNumber":
        return control.blocks.number;
      case "eth_getTransactionReceipt":
        return control.receipts[params[0]] ?? null;
      case "eth_getTransactionByHash":
        return control.known[params[0]] ?? null;
      case "eth_getTransactionCount":
        return "0x" + control.used.toString(16);
      default:
        throw refuse(4200, `${method} is not supported`);
    }
  }

  const provider = {
    request,
    on: (event, listener) => void (listeners[event] ??= []).push(listener),
    removeListener: (event, listener) => void (listeners[event] = (listeners[event] ?? []).filter((one) => one !== listener)),
  };
  const info = Object.freeze({
    uuid: "7d6f1c36-9a52-4c8e-8b5e-0a4b1c2d3e4f",
    name: settings.name ?? "Pretended Wallet",
    icon: settings.icon ?? "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E",
    rdns: "test.pretended.wallet",
  });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
