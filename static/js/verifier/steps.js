// What is proven and by what, what is trusted, and what is not proven: in words, in order.

import { hex } from "./bytes.js";

/** Steps as `{ shown, by }`. */
export function stepsOf(head, { header, governor }, result, linked) {
  const { totals, votes, quorum, count, reach } = result;
  const address = ({ address: bytes }) => `0x${hex(bytes)}`;
  const state = count === "closing" ? "voting was over" : "voting was not over";
  const steps = [
    [
      `Block ${header.number} and its state root 0x${hex(header.stateRoot)}`,
      `the header, which hashes to the anchor 0x${hex(head.anchor)}`,
    ],
    [
      `The code of governor ${address(head.governor)} and of token ${address(head.token)}, and that the governor goes by this token`,
      "account proofs, ERC-1967 slots, and the governor's code or storage",
    ],
    [
      `Proposal ${head.proposal}: snapshot ${governor.core.start}, deadline ${governor.deadline}; ${state} when the clock stood at ${result.clock}`,
      "storage proofs of the governor, and the header",
    ],
    [
      `The totals: ${totals.for} for, ${totals.against} against, ${totals.abstain} abstaining`,
      "storage proofs of the governor",
    ],
  ];
  if (quorum) {
    steps.push([
      `The quorum: ${quorum.needed} needed, ${quorum.counted} counted, ${quorum.reached ? "reached" : "not reached"}`,
      quorum.supply === null ? "the governor's code or storage" : "checkpoints of numerator and supply",
    ]);
  }
  if (votes) {
    steps.push([
      `${votes.logs} vote events of ${votes.voters} voters, which add up exactly to the totals: none of any weight is missing, none is invented`,
      `receipts under ${linked} headers that are linked to the anchor`,
    ]);
  }
  if (reach === "proven") {
    steps.push([
      "The power of every voter at the snapshot, and that no voter used more",
      "checkpoints of the token and receipts of the governor, under the anchor",
    ]);
  }
  return steps.map(([shown, by]) => ({ shown, by }));
}
