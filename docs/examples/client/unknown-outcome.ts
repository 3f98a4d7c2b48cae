// What to do when nobody can tell whether a write took effect. Here it is ended early on purpose.
//
//   bun docs/examples/client/unknown-outcome.ts 127.0.0.1:7001
import { connect, OperationFailedError, OutcomeUnknownError } from "ordeal/client";

await using db = await connect({ nodes: process.argv.slice(2) });

const before = await db.put("order/17", "open");
const hurry = new AbortController();
const write = db.put("order/17", "paid", { signal: hurry.signal });
hurry.abort();

try {
  await write;
} catch (error) {
  if (error instanceof OperationFailedError) {
    console.log("nothing happened: it may simply be tried again");
  } else if (error instanceof OutcomeUnknownError) {
    // At the version from before only one of the two can count: the write that got lost, or this one.
    const { kind } = await db.putIf("order/17", "paid", before);
    console.log(`settled: the lost write had ${kind === "written" ? "not " : ""}counted`);
  } else throw error;
}
console.log((await db.get("order/17"))?.value);
