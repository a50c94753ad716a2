import { createConfig } from "ponder";
import { http } from "viem";

import { governorAbi } from "./abi";

export default createConfig({
  database: { kind: "postgres", connectionString: process.env.DATABASE_URL },
  networks: { bench: { chainId: 901, transport: http(process.env.BENCH_RPC) } },
  contracts: {
    Governor: {
      abi: governorAbi,
      network: "bench",
      address: process.env.BENCH_GOVERNOR as `0x${string}`,
      startBlock: Number(process.env.BENCH_START),
    },
  },
});
