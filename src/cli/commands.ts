import type { CommandModule } from "yargs";

/** One command of the CLI. `load` imports its module, so that no command pays for another's. */
export type CommandEntry = {
  readonly name: string;
  /** One line for `ordeal --help`; the module's own `describe` says the same (a test compares). */
  readonly about: string;
  /** Not in `ordeal --help`: a process that other commands start. */
  readonly hidden?: true;
  // Each command has options of its own; only the module itself knows their type.
  readonly load: () => Promise<{ readonly command: CommandModule<any, any> }>;
};

/** Every command, in the order of the help. A new command is one line here. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "demo",
    about: "A cluster under load and faults, its verdict and its report",
    load: () => import("./demo.ts"),
  },
  {
    name: "chaos",
    about: "Break a cluster under load, and say whether it stayed correct",
    load: () => import("./chaos.ts"),
  },
  {
    name: "sim",
    about: "Hunt for bugs in simulated clusters, many schedules a second",
    load: () => import("./sim.ts"),
  },
  {
    name: "crashpoints",
    about: "Cut the power at every write, sync, rename and send of a short run",
    load: () => import("./crashpoints.ts"),
  },
  {
    name: "mutants",
    about: "Plant known Raft bugs, and see which detector finds each",
    load: () => import("./mutants.ts"),
  },
  {
    name: "cluster",
    about: "Start, inspect, change and stop a cluster on this machine",
    load: () => import("./cluster.ts"),
  },
  {
    name: "watch",
    about: "Watch a running cluster: elections, logs, replication, throughput",
    load: () => import("./watch.ts"),
  },
  {
    name: "dashboard",
    about: "Watch, load and break a cluster in the browser; look at runs and reports",
    load: () => import("./dashboard.ts"),
  },
  {
    name: "kv",
    about: "Read and write the keys of a running cluster",
    load: () => import("./kv.ts"),
  },
  {
    name: "shards",
    about: "Look at, and change, which group of a sharded cluster has which shard",
    load: () => import("./shards.ts"),
  },
  {
    name: "node",
    about: "Run one node of a cluster in this process",
    load: () => import("./node.ts"),
  },
  {
    name: "healthz",
    about: "Ask a node whether it is healthy: its exit code says so",
    load: () => import("./healthz.ts"),
  },
  {
    name: "wal",
    about: "Look at, or check, what a node holds on disk",
    load: () => import("./wal.ts"),
  },
  {
    name: "proxy",
    about: "The links of a local cluster, with their faults",
    hidden: true,
    load: () => import("./proxy.ts"),
  },
  {
    name: "load",
    about: "Put a running cluster under load and measure it",
    load: () => import("./load.ts"),
  },
  {
    name: "bench",
    about: "Measure throughput and latency by a suite",
    load: () => import("./bench.ts"),
  },
  {
    name: "gate",
    about: "Run two revisions in turns, and fail when the head is wrong or slower",
    load: () => import("./gate.ts"),
  },
  {
    name: "check",
    about: "Prove or refute that a recorded history is linearizable",
    load: () => import("./check.ts"),
  },
  {
    name: "fuzz",
    about: "Feed random inputs to parts of Ordeal, and compare with something simple",
    load: () => import("./fuzz.ts"),
  },
  {
    name: "replay",
    about: "Give the core the recorded inputs of real nodes, and compare what it does",
    load: () => import("./replay.ts"),
  },
  {
    name: "report",
    about: "Render a stored report again and print its summary",
    load: () => import("./report.ts"),
  },
  {
    name: "compare",
    about: "Compare two stored reports: advice, for a decision use gate",
    load: () => import("./compare.ts"),
  },
  {
    name: "history",
    about: "Find the commits at which the figures of stored reports changed",
    load: () => import("./history.ts"),
  },
  {
    name: "certs",
    about: "Make, renew and show the certificates and tokens of a cluster",
    load: () => import("./certs.ts"),
  },
  {
    name: "completion",
    about: "Print a script that completes ordeal's command line in your shell",
    load: () => import("./completion.ts"),
  },
];
