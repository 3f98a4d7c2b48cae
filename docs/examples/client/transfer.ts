// Moves money between two balances that are kept as one key, so that it moves whole or not at all, however
// many do so at a time: every writer reads, computes, and writes only if nobody was faster.
//
//   bun docs/examples/client/transfer.ts 127.0.0.1:7001
import { connect } from "ordeal/client";

type Balances = { readonly alice: number; readonly bob: number };

await using db = await connect({ nodes: process.argv.slice(2), timeoutMs: 10_000 });
await db.put("balances", JSON.stringify({ alice: 100, bob: 0 } satisfies Balances));

const transfer = (amount: number): Promise<number> =>
  db.update("balances", (entry) => {
    const { alice, bob } = JSON.parse(entry!.value) as Balances;
    return JSON.stringify({ alice: alice - amount, bob: bob + amount });
  });

await Promise.all(Array.from({ length: 10 }, () => transfer(10)));
console.log((await db.get("balances"))?.value);

// The same by hand: a put that counts at one version only.
const seen = await db.get("balances");
await db.put("balances", "somebody else was here");
const put = await db.putIf("balances", "mine", seen?.version ?? 0);
console.log(put.kind);
