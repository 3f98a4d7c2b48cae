// Teaches Ordeal the store of server.ts: how to start it, how to see that it lives, what to say to it.
import { join } from "node:path";
import {
  type ClusterEvent,
  ExternalCluster,
  type ExternalNode,
  type ExternalSystem,
  lineClient,
  newNodes,
  nowUs,
  refuseOptions,
  type Target,
  withFreePorts,
} from "ordeal/target";

const NAME = "my-store";
const one = "it is a single process";
const own = "it is not one of Ordeal's own nodes";

/** What it can do, and of everything else why not: scenarios that need it are left out, with the reason. */
const can: Target["can"] = {
  ...{ crash: true, pause: true, "versioned-put": true },
  ...{
    append: "its protocol has none",
    delete: "its protocol has none",
    scan: "its protocol has none",
  },
  ...{ partition: one, delay: one, loss: one, connection: one, failover: one, membership: one },
  ...{ sharded: one, memory: "it always writes its file", timers: "it holds no elections" },
  ...{ disk: own, clock: own, orders: own, recording: own },
};

export const target: Target = {
  name: NAME,
  version: "1",
  nodesMax: 1,
  can,
  start: async (options) => {
    refuseOptions(NAME, options);
    return withFreePorts(async () => {
      const cluster = new ExternalCluster(newNodes(options), options);
      await cluster.start(myStore());
      return cluster;
    });
  },
};

/** Its processes. What can be done to any process, ExternalCluster does. */
function myStore(): ExternalSystem {
  const events: ClusterEvent[] = [];
  // A single process leads from its start: each is a term.
  let term = 0;
  return {
    name: NAME,
    // This module speaks its protocol: see openClient.
    protocol: `module:${import.meta.path}`,
    command: ({ id, dir, clientPort }: ExternalNode) => {
      events.push({ atUs: nowUs(), node: id, kind: "started", term });
      events.push({ atUs: nowUs(), node: id, kind: "becameLeader", term: ++term });
      const server = join(import.meta.dir, "server.ts");
      const hasty = process.env["HASTY"] === undefined ? [] : ["--hasty"];
      return [process.execPath, server, String(clientPort), join(dir, "data"), ...hasty];
    },
    isReady: ({ clientPort }) => accepts(clientPort),
    status: async ({ id, clientPort, peerPort }, pid) => {
      if (!(await accepts(clientPort))) return null;
      const ports = { clientPort, peerPort, httpPort: clientPort };
      // It has no log to tell of.
      const indexes = { commitIndex: 0, appliedIndex: 0, lastIndex: 0 };
      return { id, pid, role: "leader", term, ...indexes, ...ports };
    },
    events: async () => events,
    linksChanged: () => {},
    stop: async () => {},
  };
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

/** Its protocol: a line for each operation, and what the line that comes back means. */
export const openClient = lineClient({
  request: ({ op, key, value, expected }) => {
    // A key may hold a space.
    const name = encodeURIComponent(key);
    if (op === "get") return `get ${name}`;
    return `put ${name} ${value.toString("base64")}${expected === null ? "" : ` ${expected}`}`;
  },
  reply: (line) => {
    const [kind, version, value = ""] = line.split(" ");
    if (kind === "ok") {
      return { kind, version: Number(version), value: Buffer.from(value, "base64") };
    }
    if (kind === "mismatch") return { kind, version: Number(version) };
    throw new Error(`my-store does not answer like this: ${line}`);
  },
});
