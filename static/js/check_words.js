// What a check has shown, in words: of the tally, of one voter, and what is left open.

import { formatUnits } from "./amounts.js";

export const BUCKETS = { for: "For", against: "Against", abstain: "Abstain" };
const CHOICES = { 0: "Against", 1: "For", 2: "Abstain", 255: "Split" };
const DOING = {
  state: "Checking the anchor block and the accounts in it",
  code: "Checking the governor’s code",
  governor: "Checking the proposal and its totals",
  token: "Checking the token and its supply",
  history: "Linking blocks through the chain’s own history",
  headers: "Linking the blocks with votes to the anchor",
  receipts: "Checking the votes in their blocks",
  powers: "Checking the power of every voter",
  used: "Checking what every voter has used",
};
const ENDS = {
  proven: "The whole count is proven: every vote, every voter’s power, and the sum.",
  counted: "The votes add up exactly to the totals. The power of the voters is not proven.",
  totals: "The totals are proven. That a list of votes makes them up is not.",
};
const PARTS = { votes: "The list of votes", powers: "The power of the voters", quorum: "The quorum" };

const grouped = (number) => BigInt(number).toLocaleString("en-US");
const counted = (number, noun) => `${grouped(number)} ${noun}${BigInt(number) === 1n ? "" : "s"}`;

/** How amounts are written: `{ decimals, symbol }`. */
export const amount = (units, { decimals, symbol }) => `${formatUnits(BigInt(units), decimals)}${symbol ? ` ${symbol}` : ""}`;

/** What is being checked now; `kind` is that of a shard, null before the sum. */
export const doing = (kind) => DOING[kind] ?? "Adding up";

export const verdict = ({ result }) => ENDS[result.reach];

/** What is shown and by what, step by step, as `steps` of the answer has it, in the page's units. */
export function shown({ result, steps }, unit) {
  const { block, core, deadline, count, totals, quorum, votes } = result;
  const at = (timepoint) => (result.clock === block.timestamp ? moment(timepoint) : `block ${grouped(timepoint)}`);
  const over = count === "closing" ? "voting was over" : "voting was not over yet";
  const words = [
    `Block ${grouped(block.number)} of ${moment(block.timestamp)} is the anchor; all that follows was in its state.`,
    "The governor and its token have the code that the certificate names, and the governor goes by this token.",
    `This proposal is there: snapshot ${at(core.start)}, deadline ${at(deadline)}; ${over} at the anchor.`,
    `The totals: ${Object.entries(BUCKETS).map(([bucket, name]) => `${amount(totals[bucket], unit)} ${name}`).join(", ")}.`,
  ];
  if (quorum) words.push(`The quorum: ${amount(quorum.needed, unit)} are needed, ${amount(quorum.counted, unit)} counted; it is ${quorum.reached ? "reached" : "not reached"}.`);
  if (votes) words.push(`${counted(votes.logs, "vote event")} of ${counted(votes.voters, "voter")} add up exactly to these totals: none of any weight is missing, none is invented.`);
  if (result.reach === "proven") words.push("Every voter had the power that was used, at the snapshot.");
  return words.map((word, at) => ({ shown: word, by: steps[at].by }));
}

/** What is not shown, in sentences. */
export function open({ result, missing }) {
  const found = Object.entries(missing).map(([part, reason]) => `${PARTS[part]} is not proven. The issuer says: ${reason}`);
  if (result.count === "running") found.push(`The count is running: votes after block ${grouped(result.block.number)} are not in it.`);
  if (result.votes) {
    const weightless = BigInt(result.votes.weightless);
    found.push(`Votes of no weight change no total, so some may be missing${weightless ? `; ${counted(weightless, "such event")} ${weightless === 1n ? "is" : "are"} there` : ""}.`);
  }
  return found;
}

/** What was verified of one address: sentences, and the equation as rows of `[bucket, own, others, total]`. */
export function ofVoter({ votes, power, used, weight, sums, others }, { result }, unit) {
  const words = votes.map((vote) => cast(vote, unit, result.block.number));
  if (!votes.length) words.push(`No vote of this address is among them. The votes of ${counted(others, "other voter")} are all of the totals, so no vote of any weight by this address is missing.`);
  if (votes.length && BigInt(weight) === 0n) words.push("Its votes have no weight: they are in the chain, and change no total.");
  if (power) words.push(`Its power at the snapshot was ${amount(power.value, unit)}: ${checkpoint(power)} (shard ${power.shard}).`);
  if (used) words.push(`The governor’s own record of it is the word ${used.word} (shard ${used.shard}).`);
  const rows = Object.entries(BUCKETS).map(([bucket, name]) => [name, ...["own", "others", "total"].map((part) => amount(sums[bucket][part], unit))]);
  return { words, rows };
}

function cast({ block, time, receipt, log, support, weight, path, shard }, unit, anchor) {
  const where = `log ${log} of receipt ${grouped(receipt)} in block ${grouped(block)} of ${moment(time)} (shard ${shard})`;
  return `${CHOICES[support]} with ${amount(weight, unit)}: ${where}. ${linked(path, anchor)}`;
}

function linked({ parents, hops }, anchor) {
  if (!parents && !hops.length) return "That block is the anchor itself.";
  const headers = `${counted(parents, "header")}, each named by the next`;
  const history = hops.map((block) => `the history that the chain itself keeps, as of block ${grouped(block)}`).join(" and ");
  return `It leads to the anchor, block ${grouped(anchor)}, by ${[parents ? headers : "", history].filter(Boolean).join(" and ")}.`;
}

function checkpoint({ length, after }) {
  if (length === "0") return "it has no checkpoint";
  if (after === "0") return `all of its ${counted(length, "checkpoint")} are later`;
  return `checkpoint ${grouped(after)} of ${grouped(length)} was in force`;
}

function moment(seconds) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `second ${grouped(seconds)}`;
  return `${date.toLocaleString("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" })} UTC`;
}
