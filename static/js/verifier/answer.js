// The answer of the verifier for machines, and the exit code for it.

import { hex } from "./bytes.js";
import { CertificateRefusal } from "./refusals.js";
import { verify } from "./verify.js";

const [PROVEN, REFUSED, LOWER] = [0, 1, 3];

/**
 * What holds or why it does not, as the fields of `--json`; throws where the file cannot be read.
 * `input` and `options` are those of `verify`; `watched` is there only where an address is watched.
 */
export async function answerFor(input, options = {}) {
  try {
    const { root: found, head, result, steps, proven, watched } = await verify(input, options);
    return {
      holds: true,
      proven,
      root: found,
      chain: `${head.chain}`,
      anchor: `0x${hex(head.anchor)}`,
      governor: `0x${hex(head.governor.address)}`,
      proposal: `${head.proposal}`,
      result,
      steps,
      missing: head.missing,
      ...(options.watch ? { watched } : {}),
    };
  } catch (error) {
    if (!(error instanceof CertificateRefusal)) throw error;
    const { refusal, item, place, message } = error;
    return { holds: false, proven: false, refusal, item, place, message };
  }
}

/** The exit code for an answer. */
export function exitCode({ holds, proven }) {
  if (!holds) return REFUSED;
  return proven ? PROVEN : LOWER;
}
