/**
 * `bun src/cli/dev/snapshot-install.ts [--mib 1024] [--loss 0.05] [--value-kib 64]`: fills three real
 * nodes with so much state, adds a fourth over links that lose that share of frames, and prints how
 * long it took, what throughput clients kept and how much memory the leader took more. Needs four
 * times the state as disk space in the system's temporary directory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLEAR_LINK } from "../../fault/vocabulary.ts";
import { askReport } from "../../target/local-admin.ts";
import { members, moveTo, takeSnapshots } from "../../target/local-members.ts";
import { LocalSupervisor } from "../../target/local-supervisor.ts";
import type { LoadSpec } from "../../workload/spec.ts";
import { startGenerator } from "../generator.ts";

const MIB = 1 << 20;
const BASELINE_MS = 6_000;
const SAMPLE_MS = 20;
/** What an entry of this load costs a log in memory, as measured: 300 B of bytes, the rest objects. */
const ENTRY_BYTES = 390;
const PUTS_AT_ONCE = 8;
const RETRY_MS = 100;

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "1024" },
    loss: { type: "string", default: "0.05" },
    "value-kib": { type: "string", default: "64" },
    clients: { type: "string", default: "16" },
  },
});
const stateBytes = Number(values.mib) * MIB;
const valueBytes = Number(values["value-kib"]) << 10;
const loss = Number(values.loss);

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const say = (line: string): void => console.error(line);

async function leaderOf(supervisor: LocalSupervisor) {
  const { leader } = await members(supervisor);
  return supervisor.config.nodes.find((node) => node.id === leader)!;
}

/** Puts keys with values of random bytes until they are the state wanted. */
async function fill(supervisor: LocalSupervisor): Promise<void> {
  let leader = await leaderOf(supervisor);
  const value = crypto.getRandomValues(new Uint8Array(Math.min(valueBytes, 65_536)));
  const body = Buffer.alloc(valueBytes, value);
  let next = 0;
  const count = Math.ceil(stateBytes / valueBytes);
  const put = async (): Promise<void> => {
    while (next < count) {
      const key = next++;
      for (;;) {
        const url = `http://${leader.host}:${leader.httpPort}/kv/state-${key}`;
        if ((await fetch(url, { method: "PUT", body })).ok) break;
        await Bun.sleep(RETRY_MS); // A busy disk may have cost the leader its place.
        leader = await leaderOf(supervisor);
      }
    }
  };
  await Promise.all(Array.from({ length: PUTS_AT_ONCE }, put));
}

const specOf = (supervisor: LocalSupervisor): LoadSpec => ({
  address: {
    target: "ordeal",
    nodes: supervisor.config.nodes.map(({ id, host, clientPort }) => ({
      ...{ id, host, port: clientPort },
    })),
  },
  ...{ seed: 1, clients: Number(values.clients), rate: null, arrivals: "constant" },
  ...{ connections: 4, keys: 1_000, keyDistribution: "uniform", valueBytes: 256 },
  mix: { get: 0.5, put: 0.5, cas: 0, append: 0, delete: 0 },
  ...{ durationMs: null, warmupMs: 0, timeoutMs: 5_000, reads: "linearizable", history: null },
});

async function run(dir: string): Promise<void> {
  const supervisor = await LocalSupervisor.start({
    ...{ nodes: 3, storage: "disk", dir, faultyLinks: true, seed: 1 },
    raft: { snapshotEveryBytes: 2 * stateBytes },
  });
  try {
    const filledAt = performance.now();
    await fill(supervisor);
    say(`filled ${values.mib} MiB in ${seconds(performance.now() - filledAt)}`);
    const snapshotAt = performance.now();
    await takeSnapshots(supervisor, supervisor.nodeIds);
    say(`three snapshots in ${seconds(performance.now() - snapshotAt)}`);
    // A fresh process shows what the state needs, and no garbage of the filling.
    const restartAt = performance.now();
    await supervisor.nodes.crash(supervisor.nodeIds);
    await supervisor.nodes.restart(supervisor.nodeIds);
    say(`started again from them in ${seconds(performance.now() - restartAt)}`);
    await measure(supervisor);
  } finally {
    await supervisor.stop();
  }
}

async function measure(supervisor: LocalSupervisor): Promise<void> {
  const ticks: { readonly atMs: number; readonly ok: number; readonly ms: number }[] = [];
  const load = await startGenerator(specOf(supervisor), ({ counts, intervalMs }) => {
    ticks.push({ atMs: performance.now(), ok: counts.ok, ms: intervalMs });
  });
  const throughput = (from: number, to: number): number => {
    const within = ticks.filter(({ atMs, ms }) => atMs - ms >= from && atMs <= to);
    return (sum(within.map((t) => t.ok)) / Math.max(1, sum(within.map((t) => t.ms)))) * 1000;
  };
  const leader = await leaderOf(supervisor);
  let rss = 0;
  const sampler = setInterval(() => {
    void askReport(leader, 1_000).then((report) => (rss = Math.max(rss, report?.rssBytes ?? 0)));
  }, SAMPLE_MS);
  await Bun.sleep(1_000);
  const baseFrom = performance.now();
  await Bun.sleep(BASELINE_MS);
  const baseTo = performance.now();
  const rssBefore = rss;

  const [added] = await supervisor.addNodes(1);
  const ids = supervisor.nodeIds.filter((id) => id !== added);
  const state = { ...CLEAR_LINK, loss };
  await supervisor.setLinks(
    ids.flatMap((id) => [
      { from: id, to: added!, state },
      { from: added!, to: id, state },
    ]),
  );
  const before = await askReport(leader, 1_000);
  rss = 0;
  const from = performance.now();
  await moveTo(supervisor, [...ids, added!]);
  const to = performance.now();
  clearInterval(sampler);
  const node = supervisor.config.nodes.find((n) => n.id === added)!;
  const report = await askReport(node, 1_000);
  const after = await askReport(leader, 1_000);
  const entries = (after?.lastIndex ?? 0) - (before?.lastIndex ?? 0);
  await load.kill();
  const usual = throughput(baseFrom, baseTo);
  const during = throughput(from, to);
  const result = {
    stateMiB: Number(values.mib),
    loss,
    installMs: Math.round(to - from),
    mibPerSecond: Math.round((stateBytes / MIB / (to - from)) * 10_000) / 10,
    throughputBefore: Math.round(usual),
    throughputDuring: Math.round(during),
    throughputKept: Math.round((during / usual) * 1_000) / 1_000,
    leaderRssBeforeMiB: Math.round(rssBefore / MIB),
    leaderExtraMiB: Math.round((rss - rssBefore) / MIB),
    /** Of that: what clients wrote meanwhile, which stays in the log until the next snapshot. */
    logMiB: Math.round((entries * ENTRY_BYTES) / MIB),
    newNodeApplied: report?.appliedIndex ?? 0,
  };
  console.log(JSON.stringify(result));
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const dir = mkdtempSync(join(tmpdir(), "ordeal-install-"));
try {
  await run(dir);
} finally {
  rmSync(dir, { recursive: true });
}
