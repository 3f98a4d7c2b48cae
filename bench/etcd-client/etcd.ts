import type { FigureContext } from "../../src/bench/dsl.ts";
import { whyNoMemoryDir } from "../../src/target/external/memory-dir.ts";
import { etcdTarget } from "../../src/target/etcd/etcd.ts";

/** The load `xl` of etcd 3.4's own tool (etcdctl/ctlv3/command/check.go): puts of random keys. */
export const CHECK_PERF = {
  ...{ load: "xl", clients: 1000, rate: 15_000, keyBytes: 256, valueBytes: 1024, seconds: 60 },
} as const;

/** Whether the tool is installed (Debian: etcd-client). */
export const hasCheckPerf = (): boolean => Bun.which("etcdctl") !== null;

/** What `etcdctl check perf` reached, and its CPU time a put; null: it gave up on a machine too busy. */
export async function checkPerf(
  nodes: string,
): Promise<{ readonly throughput: number; readonly cpuUs: number } | null> {
  const child = Bun.spawn(
    ["etcdctl", "--endpoints", nodes, "check", "perf", "--load", CHECK_PERF.load],
    { env: { ...process.env, ETCDCTL_API: "3" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const [text] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  const throughput = Number(/Throughput (?:is|too low:) (\d+) writes/.exec(text)?.[1]);
  if (!(throughput > 0)) return null;
  const cpuUs = Number(child.resourceUsage()?.cpuTime.total ?? 0);
  return { throughput, cpuUs: cpuUs / (throughput * CHECK_PERF.seconds) };
}

/** Calls `body` with the client addresses of three nodes of etcd, which end afterwards. */
export async function withEtcd<T>(
  { dir, seed, progress }: FigureContext,
  body: (nodes: string) => Promise<T>,
): Promise<T> {
  const why = whyNoMemoryDir();
  if (why !== null) progress(`on disk: ${why}`);
  const storage = why === null ? "memory" : "disk";
  const where = { nodes: 3, storage, dir: `${dir}/etcd`, faultyLinks: false, seed } as const;
  const cluster = await etcdTarget.start(where);
  try {
    return await body(cluster.address.nodes.map(({ host, port }) => `${host}:${port}`).join(","));
  } finally {
    await cluster.stop();
  }
}
