// Connects to a cluster by any of its nodes, writes, reads, and reads what there is below a prefix.
//
//   bun docs/examples/client/hello.ts 127.0.0.1:7001
import { connect } from "ordeal/client";

await using db = await connect({ nodes: process.argv.slice(2) });

const version = await db.put("fruit/apple", "green");
await db.put("fruit/pear", "yellow");
await db.append("fruit/apple", " or red");

const apple = await db.get("fruit/apple");
console.log(`${apple?.value} (version went up: ${(apple?.version ?? 0) > version})`);

for await (const { key, value } of db.scan({ prefix: "fruit/" })) console.log(`${key} = ${value}`);

await db.delete("fruit/pear");
console.log(`pear: ${(await db.get("fruit/pear"))?.value ?? "there is none"}`);
