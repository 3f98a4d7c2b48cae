import { afterEach, expect, test } from "bun:test";
import { freePorts } from "../free-ports.ts";
import type { NodeConfigFile } from "../config.ts";
import { OrdealNode } from "../ordeal-node.ts";
import { type DnsServer, dnsServer } from "../testing/dns-server.ts";
import { type LinesLog, linesLog } from "../testing/log.ts";
import { until } from "../testing/until.ts";
import { Discovery } from "./follow.ts";
import { parseSource } from "./source.ts";

const FATAL: unknown[] = [];
const NAME = "_http._tcp.ordeal.test";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  expect(FATAL).toEqual([]);
});

type Found = {
  readonly node: OrdealNode;
  readonly log: LinesLog;
  readonly discovery: Discovery;
  stop(): Promise<void>;
};

/** Node `id` of three on ports of its own, which knows of no other node but by `peers`. */
function start(id: number, peers: string, more: Partial<NodeConfigFile> = {}): Found {
  const [peerPort, clientPort, httpPort] = freePorts(3) as [number, number, number];
  const log = linesLog();
  const config: NodeConfigFile = {
    ...{ clusterId: "found", dataDir: "unused", storage: "memory", voters: [1, 2, 3] },
    nodes: [{ id, host: "127.0.0.1", peerPort, clientPort, httpPort }],
    raft: { electionTimeoutMinMs: 500 },
    ...more,
  };
  const onFatal = (error: unknown): void => void FATAL.push(error);
  const node = new OrdealNode({ config, id, log, seed: id, onFatal });
  const source = parseSource(peers, "--peers");
  const discovery = new Discovery({ source, node: node.admin, log, onNodes: () => {} });
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    discovery.stop();
    await node.stop();
  };
  closers.push(stop);
  return { node, log, discovery, stop };
}

async function serve(): Promise<DnsServer> {
  const server = await dnsServer({});
  closers.push(() => server.stop());
  return server;
}

const httpOf = ({ node }: Found): number => node.ports.httpPort;
const srv = (nodes: readonly Found[]) => ({
  srv: { [NAME]: nodes.map((found) => ({ target: "here.test", port: httpOf(found) })) },
  a: { "here.test": ["127.0.0.1"] },
});
const leaderOf = (nodes: readonly Found[]): Promise<number> =>
  until("all follow one leader", () => {
    const ids = nodes.map(({ node }) => node.status().leaderId);
    return ids.every((id) => id === ids[0]) && ids[0]! > 0 ? ids[0] : null;
  });

test("discovery: nodes that only DNS knows elect once a majority is there; a moved one is found again", async () => {
  const dns = await serve();
  const url = `dns+srv://${NAME}?resolver=${dns.address}&every=100ms`;
  const first = start(1, url);
  await until("the name was asked for", () => dns.asked.includes(`SRV ${NAME}`));
  await until("its absence is logged", () =>
    first.log.reasons("discoveryFailed").includes(`DNS has no SRV ${NAME}`),
  );
  expect(first.node.status().leaderId).toBe(0);
  const second = start(2, url);
  dns.set(srv([first, second]));
  await leaderOf([first, second]);
  const third = start(3, url);
  dns.set(srv([first, second, third]));
  const before = await leaderOf([first, second, third]);
  expect(before).toBeGreaterThan(0);
  // The same node elsewhere: in memory it has forgotten all, which costs nobody anything here.
  await third.stop();
  const moved = start(3, url);
  dns.set(srv([first, second, moved]));
  await leaderOf([first, second, moved]);
  const place = first.node.admin.nodes().nodes.find(({ id }) => id === 3);
  expect(place?.httpPort).toBe(httpOf(moved));
});

test("discovery: an address of another cluster, another node or nobody is refused, and says who is there", async () => {
  const other = start(1, "127.0.0.1:1", { clusterId: "other", voters: [1] });
  const second = start(2, "127.0.0.1:1");
  const nobody = freePorts(1)[0]!;
  const peers = `1=127.0.0.1:${httpOf(other)},3=127.0.0.1:${httpOf(second)},4=127.0.0.1:${nobody}`;
  const first = start(1, peers);
  await until("three refusals", () => first.log.reasons("discoveryFailed").length >= 3);
  const reasons = first.log.lines
    .filter(({ event }) => event === "discoveryFailed")
    .map(({ address, reason }) => `${address} ${reason}`);
  expect(reasons).toContain(`127.0.0.1:${httpOf(other)} is node 1 of cluster "other"`);
  expect(reasons).toContain(`127.0.0.1:${httpOf(second)} is node 2, not 3`);
  expect(reasons.join()).toContain(`127.0.0.1:${nobody} does not answer`);
  expect(first.node.admin.nodes().nodes.map(({ id }) => id)).toEqual([1]);
});

test("discovery: two processes under one id are told apart, and logged", async () => {
  const twin = start(1, "127.0.0.1:1");
  const first = start(1, `127.0.0.1:${httpOf(twin)}`);
  await until("it is logged", () =>
    first.log.reasons("discoveryFailed").join().includes("another process is node 1 too"),
  );
});

test("discovery: a member whose address no source tells is learnt from the others", async () => {
  const first = start(1, "127.0.0.1:1");
  const second = start(2, `127.0.0.1:${httpOf(first)}`);
  // Only the second knows both, and nobody but it is told of by the third's source.
  const third = start(3, `127.0.0.1:${httpOf(second)}`);
  const ids = (): string =>
    third.node.admin
      .nodes()
      .nodes.map(({ id }) => id)
      .join();
  await until("the third knows all", () => ids() === "1,2,3");
});

test("handshake: a node under a wrong address refuses, and the log says who it is", async () => {
  const second = start(2, "127.0.0.1:1");
  const first = start(1, "127.0.0.1:1");
  first.discovery.stop(); // It would put the mistake right.
  const [at] = second.node.admin.nodes().nodes;
  expect(first.node.admin.addNodes([{ ...at!, id: 3 }])).toBeNull();
  await until("the refusal is logged", () =>
    first.log.reasons("peerUnreachable").includes("refused: this is node 2, not 3"),
  );
  await until("on the other side, too", () =>
    second.log.reasons("peerClosed").includes("this is node 2, not 3"),
  );
});
