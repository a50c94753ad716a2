// Copied beside the mutated modules: what switch.py is for those in Python.

import { appendFileSync } from "node:fs";

const neutral = Number(process.env.MUTATING_NEUTRAL ?? 0);
const reached = new Set();

export function off(number) {
  if (!reached.has(number)) {
    reached.add(number);
    if (process.env.MUTATING_REACHED) appendFileSync(process.env.MUTATING_REACHED, `${number}\n`);
  }
  return number !== neutral;
}
