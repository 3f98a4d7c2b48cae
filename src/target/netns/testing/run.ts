import { netnsTarget } from "../netns.ts";

/** `bun run.ts DIR`: runs three nodes in namespaces, says their pids, and goes on until it is killed. */
const [dir = ""] = process.argv.slice(2);
const options = { nodes: 3, storage: "memory", dir, faultyLinks: true, seed: 1 } as const;
const cluster = await netnsTarget.start(options);
console.log(JSON.stringify((await cluster.status(10_000)).map(({ pid }) => pid)));
setInterval(() => {}, 60_000);
