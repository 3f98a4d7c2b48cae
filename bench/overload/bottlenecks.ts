import { bunCommand, bunEnv } from "../../src/runtime/self.ts";
import { localTarget } from "../../src/target/local.ts";
import type { Cluster } from "../../src/target/target.ts";
import type { LoadShape } from "../../src/workload/spec.ts";
import { canPin, pin } from "./pin.ts";

const NONE = { get: 0, put: 0, cas: 0, append: 0, delete: 0 } as const;
export const PUTS = { ...NONE, put: 1 } as const;
const SCANS = { ...NONE, scan: 1 } as const;
const STATUS_WITHIN_MS = 5_000;
/** Between any two nodes, each way: 50 Mbit/s. */
const LINK_BYTES_PER_SECOND = 6_250_000;
const LEADERS_PROCESSOR = 0;
const OTHERS_PROCESSOR = 1;
/** Processes that compute without end beside the leader: it has an eighth of its processor. */
const BUSY_NEIGHBOURS = 7;
/** Another leader would have another processor. */
const PATIENT = { electionMs: 2_000, heartbeatMs: 100 } as const;

/** The operations of a load. */
export type Work = Pick<LoadShape, "mix" | "valueBytes" | "scanLength">;

/** A cluster of which it is known what it will run out of. */
export type Bottleneck = {
  readonly name: string;
  /** What is asked of it. */
  readonly work: Work;
  /** Of the closed loop that finds the saturation rate: enough for it to be that, and not the latency. */
  readonly closedClients: number;
  /** The processor that the generator has for itself; null: any. */
  readonly generatorOn: number | null;
  /** Null: it cannot be made here, and why. */
  readonly unavailable: string | null;
  start(dir: string, seed: number): Promise<{ readonly cluster: Cluster; stop(): Promise<void> }>;
};

/** The links: neither the processors nor the disk, which the nodes share with the generator. */
const LINKS: Bottleneck = {
  ...{ name: "links", work: { mix: PUTS, valueBytes: 8 << 10 } },
  ...{ closedClients: 256, generatorOn: null },
  unavailable: null,
  start: async (dir, seed) => {
    const cluster = await localTarget.start({
      ...{ nodes: 3, storage: "disk", dir, faultyLinks: true, seed },
    });
    await cluster.fault({
      ...{ kind: "bandwidth", nodes: { kind: "all" }, bytesPerSecond: LINK_BYTES_PER_SECOND },
    });
    return { cluster, stop: () => cluster.stop() };
  },
};

/**
 * The processor of the leader, of which busy neighbours take most. Scans of a hundred keys on average: they cost the leader much
 * more than the generator, which has the other processor, can offer them, read the answers, or be refused.
 */
const PROCESSOR: Bottleneck = {
  ...{ name: "processor", work: { mix: SCANS, valueBytes: 16, scanLength: 200 } },
  ...{ closedClients: 1_024, generatorOn: OTHERS_PROCESSOR },
  unavailable: canPin() ? null : "needs Linux, two processors and taskset of util-linux",
  start: async (dir, seed) => {
    const cluster = await localTarget.start({
      ...{ nodes: 3, storage: "memory", dir, faultyLinks: false, seed, timers: PATIENT },
    });
    for (const { pid, role } of await cluster.status(STATUS_WITHIN_MS)) {
      pin(pid, role === "leader" ? LEADERS_PROCESSOR : OTHERS_PROCESSOR);
    }
    const neighbours = Array.from({ length: BUSY_NEIGHBOURS }, startNeighbour);
    const stop = async (): Promise<void> => {
      for (const neighbour of neighbours) neighbour.kill("SIGKILL");
      await Promise.all(neighbours.map(({ exited }) => exited));
      await cluster.stop();
    };
    return { cluster, stop };
  },
};

/** Ends with this process, whichever way that ends. */
function startNeighbour(): Bun.Subprocess {
  const program = `const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 1e7; i++);`;
  const child = Bun.spawn(bunCommand(["-e", program]), {
    ...{ stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...bunEnv() } },
  });
  pin(child.pid, LEADERS_PROCESSOR);
  return child;
}

export const BOTTLENECKS: readonly Bottleneck[] = [LINKS, PROCESSOR];
