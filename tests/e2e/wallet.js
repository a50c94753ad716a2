// An injected wallet (EIP-1193, announced by EIP-6963) for the stories. It holds no key and makes
// no request of its own, since the page may connect to its own host alone: every call goes to
// Python through the exposed function `__walletAnswer`, which says what to answer and when.
(() => {
  const listeners = new Map();
  const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
  const emit = (event, value) => of(event).forEach((heard) => heard(value));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const provider = Object.freeze({
    on(event, heard) { of(event).add(heard); return provider; },
    removeListener(event, heard) { of(event).delete(heard); return provider; },
    async request({ method, params = [] }) {
      const answer = await window.__walletAnswer(method, JSON.stringify(params));
      if (answer.wait) await pause(answer.wait);
      for (const [event, value] of answer.events ?? []) emit(event, value);
      if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.result ?? null;
    },
  });

  const image = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>';
  const info = Object.freeze({
    uuid: "5d0c1f6e-8a3b-4c57-9f1d-2f6b0e7a4c11",
    name: "Story Wallet",
    icon: `data:image/svg+xml,${encodeURIComponent(image)}`,
    rdns: "example.story.wallet",
  });
  const announce = () => window.dispatchEvent(new CustomEvent(
    "eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  window.__walletEmit = emit;
  announce();
})();
