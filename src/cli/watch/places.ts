import { UserError } from "../../lib/user-error.ts";
import { credentialsOfEnvironment, loadCredentials } from "../../security/credentials.ts";
import { speakAs } from "../../security/keyring.ts";
import type { NodeAddress } from "../../runtime/config.ts";
import { askNodes } from "../../runtime/discovery/ask.ts";
import { type Source, parseSource } from "../../runtime/discovery/source.ts";
import { runningCluster } from "../cluster/record.ts";

/** Where the nodes of the watched cluster are now. */
export type Places = { readonly clusterId: string; readonly nodes: readonly NodeAddress[] };

/**
 * What tells where the nodes are, look after look. Rejects with UserError at first when there is nothing to
 * watch, later never: a cluster that is away is what one watches for.
 */
export async function placesOf(
  dir: string | undefined,
  nodes: string | undefined,
): Promise<() => Promise<Places>> {
  if ((dir === undefined) === (nodes === undefined)) {
    const what = dir === undefined ? "which cluster?" : "two clusters to watch";
    const fix = "give --dir DIR of `ordeal cluster start`, or --nodes host:port,…";
    throw new UserError("cannot watch", [{ where: "ordeal watch", what, fix }]);
  }
  if (dir !== undefined) return ofDir(dir);
  const files = credentialsOfEnvironment();
  if (files !== null) speakAs(loadCredentials(files));
  return ofSource(parseSource(nodes!, "--nodes"));
}

function ofDir(dir: string): () => Promise<Places> {
  let last: Places = runningCluster(dir);
  return () => {
    try {
      last = runningCluster(dir);
    } catch {
      // Its nodes are down then, and shown so.
    }
    return Promise.resolve(last);
  };
}

async function ofSource(source: Source): Promise<() => Promise<Places>> {
  let last: Places | null = null;
  const look = async (): Promise<Places | string> => {
    const seeds = await source.resolve().catch((error: Error) => error.message);
    if (typeof seeds === "string") return seeds;
    const known = last?.nodes.map(({ host, httpPort }) => ({ host, port: httpPort })) ?? [];
    const answers = await Promise.all([...seeds, ...known].map(askNodes));
    const said = answers.filter((answer) => typeof answer !== "string");
    const first = last ?? said[0];
    if (first === undefined) return String(answers[0] ?? "the source names no node");
    const nodes = new Map(last?.nodes.map((node) => [node.id, node]));
    for (const one of said) {
      if (one.clusterId !== first.clusterId) continue;
      for (const node of one.nodes) nodes.set(node.id, nodes.get(node.id) ?? node);
      nodes.set(
        one.id,
        one.nodes.find(({ id }) => id === one.id)!,
      );
    }
    const { clusterId } = first;
    return { clusterId, nodes: [...nodes.values()].sort((a, b) => a.id - b.id) };
  };
  const found = await look();
  if (typeof found === "string") {
    const fix = "is a node up, and is that its HTTP port?";
    throw new UserError("cannot watch", [{ where: source.url, what: found, fix }]);
  }
  last = found;
  let lookedAt = performance.now();
  return async () => {
    // Who is where changes seldom; what they say is asked for at each look.
    if (performance.now() - lookedAt > LOOK_AGAIN_MS) {
      lookedAt = performance.now();
      const now = await look();
      if (typeof now !== "string") last = now;
    }
    return last!;
  };
}

const LOOK_AGAIN_MS = 1000;
