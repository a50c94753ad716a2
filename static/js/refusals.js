// What a wallet or a node refused, in words that say what to do.

/** A refusal of ours: its message is shown as it stands. */
export class Refusal extends Error {
  constructor(message, { settled = false } = {}) {
    super(message);
    this.settled = settled;
  }
}

export function inWords(error) {
  if (error instanceof Refusal) return error.message;
  const code = error?.code ?? error?.data?.originalError?.code ?? error?.cause?.code;
  if (code === 4001 || code === "ACTION_REJECTED") return "You declined in your wallet. Nothing was sent.";
  if (code === 4100) return "Your wallet has not allowed this page to use that account. Connect it again.";
  if (code === 4200) return "Your wallet cannot do this. Try another wallet, or the prepared Safe transaction below.";
  if (code === 4900 || code === 4901) return "Your wallet is not connected to the network. Check its connection and try again.";
  if (code === -32002) return "Your wallet already shows a request of this page. Open it and answer that one first.";
  const text = [error?.data?.message, error?.data?.originalError?.message, error?.message].filter((word) => typeof word === "string").map((word) => word.slice(0, 2000)).join(" ");
  if (/insufficient funds/i.test(text)) return "This account has not enough ether on this chain to pay for the transaction.";
  if (/nonce too low|already known/i.test(text)) return "Your wallet has sent a transaction with this number already. Look at its activity before you try again.";
  if (/GovernorAlreadyCastVote|already (cast|voted)|0x71c6af49/i.test(text)) return "This address has already voted on this proposal.";
  if (/GovernorUnexpectedProposalState|not currently active|voting is closed|0x31b75e4d/i.test(text)) return "The contract does not take votes on this proposal any more. Nothing was sent.";
  if (/revert/i.test(text)) return `The contract would refuse this transaction: ${cut(text)}`;
  return text ? `Your wallet says: ${cut(text)}` : "Your wallet refused without saying why.";
}

function cut(text) {
  // Of a stranger: cut first, then without what hides or reorders the words around it.
  const line = text.slice(0, 2000).replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, " ").replace(/\s+/g, " ").trim();
  return line.length > 220 ? `${line.slice(0, 219)}…` : line;
}
