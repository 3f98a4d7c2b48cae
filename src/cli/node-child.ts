/**
 * The process of a node that a cluster on this machine starts (target/local-supervisor.ts): `ordeal node`
 * without its command line, which takes a third of the time that a node needs to be ready. The one
 * argument is a NodeChildSpec as JSON; standard input is a pipe from the parent.
 */
import { loadConfig } from "../runtime/config.ts";
import { type NodeChildSpec, runNode } from "../runtime/node.ts";
import { fail } from "./fail.ts";

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
try {
  const spec = JSON.parse(process.argv[2] ?? "") as NodeChildSpec;
  await runNode({ ...spec, config: loadConfig(spec.config), parentPipe: true });
} catch (error) {
  fail(error);
}
