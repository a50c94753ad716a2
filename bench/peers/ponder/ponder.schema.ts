import { index, onchainTable } from "ponder";

// The columns and ways of reading that Tocsin's table of votes has.
export const vote = onchainTable(
  "vote",
  (t) => ({
    id: t.text().primaryKey(),
    blockNumber: t.bigint().notNull(),
    logIndex: t.integer().notNull(),
    txHash: t.hex().notNull(),
    timestamp: t.bigint().notNull(),
    proposalId: t.bigint().notNull(),
    voter: t.hex().notNull(),
    support: t.integer().notNull(),
    weight: t.bigint().notNull(),
    reason: t.text().notNull(),
  }),
  (table) => ({
    newest: index().on(table.proposalId, table.blockNumber, table.logIndex),
    heaviest: index().on(table.proposalId, table.weight),
    byVoter: index().on(table.voter, table.timestamp),
  }),
);

export const tally = onchainTable("tally", (t) => ({
  proposalId: t.bigint().primaryKey(),
  against: t.bigint().notNull(),
  for: t.bigint().notNull(),
  abstain: t.bigint().notNull(),
  votes: t.integer().notNull(),
}));
