// What a wallet says, taken for what it is: the word of a stranger's program.
//
// Any extension may announce itself as a wallet. So every answer is checked for its shape before
// anything is done with it, every request ends in time, and what is wrong is told in words.

import { checksum } from "./abi.js";
import { Refusal } from "./refusals.js";

const READ_MILLISECONDS = 20_000;
const PERSON_MILLISECONDS = 300_000;
const MOST_WALLETS = 30;
const LONGEST_ICON = 200_000;
const LONGEST_SIGNATURE = 20_000;
const BY_A_PERSON = new Set(["eth_requestAccounts", "eth_sendTransaction", "personal_sign", "wallet_switchEthereumChain", "wallet_addEthereumChain"]);
// Control characters and those that hide or reorder what stands beside them.
const DECEIVING = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const isHex = (value, shortest, longest) => typeof value === "string" && value.length - 2 >= shortest && value.length - 2 <= longest && /^0x[0-9a-f]*$/i.test(value);
const isHash = (value) => isHex(value, 64, 64);
const isQuantity = (value) => isHex(value, 1, 64);
const isBlock = (value) => isHash(value?.hash) && isQuantity(value.number);

/** Shapes of answers; a shape returns the answer as we use it, or throws what to tell. */
const SHAPES = {
  eth_accounts: accounts,
  eth_requestAccounts: accounts,
  eth_chainId: chainNumber,
  eth_getCode: (value) => (isHex(value, 0, 1_000_000) ? value : odd("code of a contract")),
  eth_getTransactionCount: (value) => (isQuantity(value) ? value : odd("count of transactions")),
  eth_getTransactionByHash: (value, [hash]) => (value === null || (isHash(value?.hash) && value.hash.toLowerCase() === hash && isQuantity(value.nonce)) ? value : odd("transaction")),
  eth_getBlockByHash: (value, [hash]) => (value === null || (isBlock(value) && value.hash.toLowerCase() === hash) ? value : odd("block")),
  eth_getBlockByNumber: (value, [number]) => (value === null || (isBlock(value) && BigInt(value.number) === BigInt(number)) ? value : odd("block")),
  eth_getTransactionReceipt: (value, [hash]) => {
    const sound = value === null || (isHash(value?.transactionHash) && value.transactionHash.toLowerCase() === hash && isQuantity(value.blockNumber) && (value.status === undefined || value.status === "0x0" || value.status === "0x1"));
    return sound ? value : odd("receipt");
  },
  eth_sendTransaction: (value) => {
    if (isHash(value)) return value.toLowerCase();
    throw new Refusal("Your wallet answered with something that is no transaction hash. It may have sent the transaction all the same: look at its activity before you try again.", { settled: true });
  },
  personal_sign: (value) => (isHex(value, 2, LONGEST_SIGNATURE) ? value : odd("signature")),
};

/** Ask a provider, in time, and return an answer of the right shape. Throws what `inWords` tells. */
export async function ask(provider, method, params = []) {
  const personal = BY_A_PERSON.has(method);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Refusal(lateWords(method, personal), { settled: method === "eth_sendTransaction" })), personal ? PERSON_MILLISECONDS : READ_MILLISECONDS);
  });
  try {
    // In a function of its own, so that a provider that throws at once is like one that rejects.
    const answer = await Promise.race([(async () => provider.request({ method, params }))(), late]);
    return SHAPES[method] ? SHAPES[method](answer, params) : answer;
  } finally {
    clearTimeout(timer);
  }
}

/** An announcement (EIP-6963) as we use it: `{info, provider}` of sound texts; null for any other. */
export function announced(detail, known) {
  try {
    const { info, provider } = detail;
    const { uuid, name, icon, rdns } = info;
    if (typeof provider?.request !== "function" || known >= MOST_WALLETS) return null;
    if (typeof uuid !== "string" || !uuid || uuid.length > 100) return null;
    return {
      info: Object.freeze({ uuid, name: plain(name, 60) || "A wallet without a name", icon: safeIcon(icon), rdns: plain(rdns, 100) }),
      provider,
    };
  } catch {
    return null; // whoever announces something that cannot even be read is no wallet
  }
}

/** Text of a stranger on one line, cut, without what hides or reorders. */
export function plain(text, longest) {
  if (typeof text !== "string") return "";
  return text.slice(0, 4 * longest).replace(DECEIVING, " ").replace(/\s+/g, " ").trim().slice(0, longest);
}

/** A chain id as a number; throws a Refusal for what is none. */
export function chainNumber(value) {
  if (isHex(value, 1, 13)) return Number(value);
  if (Number.isSafeInteger(value) && value > 0) return value;
  return odd("chain id");
}

/** Accounts, checksummed; a wrong checksum or anything that is no address is refused. */
export function accounts(value) {
  if (!Array.isArray(value)) return odd("list of accounts");
  return value.slice(0, 100).map((one) => {
    if (!isHex(one, 40, 40)) return odd("account");
    const sound = checksum(one);
    const digits = one.slice(2);
    const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
    if (mixed && one !== sound) throw new Refusal("Your wallet gave an address whose checksum is wrong, so a digit of it may be wrong. Nothing was done with it.");
    return sound;
  });
}

/** An icon that is safe to show: an image carried in a data address, nothing from elsewhere. */
function safeIcon(icon) {
  return typeof icon === "string" && icon.length < LONGEST_ICON && /^data:image\/(svg\+xml|png|jpeg|webp|gif)[;,]/i.test(icon) ? icon : null;
}

function odd(what) {
  throw new Refusal(`Your wallet answered with something that is no ${what}. Reload the page and try again; if it happens again, try another wallet.`);
}

function lateWords(method, personal) {
  if (method === "eth_sendTransaction") return "Your wallet has not answered for five minutes. It may still send the transaction: look at its activity before you try again.";
  if (personal) return "Your wallet has not answered for five minutes. Open it, answer or decline what it shows, then try again.";
  return "Your wallet did not answer in time. Check that it is unlocked and connected to the network, then try again.";
}
