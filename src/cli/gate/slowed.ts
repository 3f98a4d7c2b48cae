import { connect, createServer, type Server, type Socket } from "node:net";
import type { Cluster, ClusterAddress, Target } from "../../target/target.ts";

/** How long an answer is held that took `serviceMs` without that. */
export type Hold = (serviceMs: number) => number;

/**
 * A target whose clients see later answers: a proxy in this process stands before every client port.
 * For the gate's test of itself; no node has code for it. Exact where every client has a connection
 * of its own: an answer then is that to the last request on its connection.
 */
export const slowed = (target: Target, hold: Hold): Target => ({
  ...target,
  start: async (options) => {
    const cluster = await target.start(options);
    try {
      return await behindProxies(cluster, hold);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  },
});

async function behindProxies(cluster: Cluster, hold: Hold): Promise<Cluster> {
  const proxies = await Promise.all(cluster.address.nodes.map((node) => openProxy(node, hold)));
  const nodes = cluster.address.nodes.map((node, i) => ({ ...node, port: proxies[i]!.port }));
  return {
    nodeIds: cluster.nodeIds,
    address: { ...cluster.address, nodes },
    status: (withinMs) => cluster.status(withinMs),
    fault: (fault) => cluster.fault(fault),
    recover: () => cluster.recover(),
    events: () => cluster.events(),
    starts: () => cluster.starts(),
    failures: () => cluster.failures(),
    stop: async () => {
      for (const proxy of proxies) proxy.close();
      await cluster.stop();
    },
  };
}

type Proxy = { readonly port: number; close(): void };

async function openProxy(
  { host, port }: ClusterAddress["nodes"][number],
  hold: Hold,
): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host, port, noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    relay(client, upstream, hold);
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port of the proxy");
  return {
    port: address.port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function relay(client: Socket, upstream: Socket, hold: Hold): void {
  let askedAt = performance.now();
  client.on("data", (chunk) => {
    askedAt = performance.now();
    upstream.write(chunk);
  });
  let lastDue = 0;
  upstream.on("data", (chunk) => {
    const now = performance.now();
    // In order, whatever each is held for.
    lastDue = Math.max(lastDue, now + hold(now - askedAt));
    setTimeout(() => {
      if (!client.destroyed) client.write(chunk);
    }, lastDue - now);
  });
}
