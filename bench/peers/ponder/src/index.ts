import { ponder } from "ponder:registry";
import { tally, vote } from "ponder:schema";

ponder.on("Governor:VoteCast", async ({ event, context }) => {
  const { voter, proposalId, support, weight, reason } = event.args;
  await context.db.insert(vote).values({
    id: event.id,
    blockNumber: event.block.number,
    logIndex: event.log.logIndex,
    txHash: event.transaction.hash,
    timestamp: event.block.timestamp,
    proposalId,
    voter,
    support,
    weight,
    reason,
  });
  const added = {
    against: support === 0 ? weight : 0n,
    for: support === 1 ? weight : 0n,
    abstain: support === 2 ? weight : 0n,
  };
  await context.db
    .insert(tally)
    .values({ proposalId, ...added, votes: 1 })
    .onConflictDoUpdate((row) => ({
      against: row.against + added.against,
      for: row.for + added.for,
      abstain: row.abstain + added.abstain,
      votes: row.votes + 1,
    }));
});
