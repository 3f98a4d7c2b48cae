import { checkOneLeader, fail, one } from "./checks.ts";
import type { Lab } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import type { Script } from "./script.ts";

const ROUNDS = 30;
/** Commands between two snapshots, as in the labs, and the bytes they take in a log of ours. */
const INTERVAL = 10;
const COMMAND_BYTES = 42;
const LOG_BYTES_MAX = 2_000;

/** A snapshot every 10 commands, and nothing kept below it: a server that lags needs a snapshot. */
const SNAPSHOTS = { snapshotEveryBytes: INTERVAL * COMMAND_BYTES };

/** What becomes of a server in each round while the others go on. */
type Victim = "none" | "disconnected" | "crashed";

/** Lab 3D: log compaction. */
export const SNAPSHOTTING: readonly LabScenario[] = [
  {
    name: "SnapshotBasic",
    lab: "3D",
    about: "the log stays below 2000 bytes over 30 rounds of commands",
    servers: 3,
    // One that is a little behind need not be sent a snapshot.
    config: { ...SNAPSHOTS, trailingBytes: INTERVAL * COMMAND_BYTES },
    script: (lab) => rounds(lab, "none"),
  },
  {
    name: "SnapshotInstall",
    lab: "3D",
    about: "a server that was cut off catches up by a snapshot",
    servers: 3,
    config: SNAPSHOTS,
    script: (lab) => rounds(lab, "disconnected"),
  },
  {
    name: "SnapshotInstallUnreliable",
    lab: "3D",
    about: "the same over an unreliable network",
    servers: 3,
    weather: { unreliable: true },
    config: SNAPSHOTS,
    script: (lab) => rounds(lab, "disconnected"),
  },
  {
    name: "SnapshotInstallCrash",
    lab: "3D",
    about: "a server that was down catches up by a snapshot",
    servers: 3,
    config: SNAPSHOTS,
    script: (lab) => rounds(lab, "crashed"),
  },
  {
    name: "SnapshotInstallUnCrash",
    lab: "3D",
    about: "the same over an unreliable network",
    servers: 3,
    weather: { unreliable: true },
    config: SNAPSHOTS,
    script: (lab) => rounds(lab, "crashed"),
  },
  {
    name: "SnapshotAllCrash",
    lab: "3D",
    about: "all servers start again from their snapshots, 5 times, and go on where they were",
    servers: 3,
    weather: { unreliable: true },
    config: SNAPSHOTS,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers);
      for (let i = 0; i < 5; i++) {
        const commands = INTERVAL / 2 + lab.random.below(INTERVAL);
        for (let k = 0; k < commands; k++) yield* one(lab, lab.servers);
        const before = yield* one(lab, lab.servers);
        lab.crash(...lab.ids);
        lab.restart(...lab.ids);
        const after = yield* one(lab, lab.servers);
        lab.expect(after > before, `command ${after} came after command ${before}`);
      }
    },
  },
  {
    name: "SnapshotInit",
    lab: "3D",
    about: "servers that start from a snapshot twice, with one command between, still agree",
    servers: 3,
    weather: { unreliable: true },
    config: SNAPSHOTS,
    *script(lab: Lab): Script {
      for (let i = 0; i < INTERVAL + 2; i++) yield* one(lab, lab.servers);
      for (let i = 0; i < 2; i++) {
        lab.crash(...lab.ids);
        lab.restart(...lab.ids);
        yield* one(lab, lab.servers);
      }
      checkSnapshots(lab);
    },
  },
];

function* rounds(lab: Lab, victimIs: Victim): Script {
  yield* one(lab, lab.servers);
  for (let i = 0; i < ROUNDS; i++) {
    const leader = yield* checkOneLeader(lab);
    // In one round of three the victim is the leader, and another takes the commands.
    const victim = i % 3 === 1 ? leader : lab.after(leader, 1);
    const others = victimIs === "none" ? lab.servers : lab.servers - 1;
    if (victimIs === "disconnected") lab.disconnect(victim);
    if (victimIs === "crashed") lab.crash(victim);
    if (victimIs !== "none") yield* one(lab, others);
    yield* commands(lab);
    yield* one(lab, others);
    checkLogs(lab);
    if (victimIs === "none") continue;
    if (victimIs === "disconnected") lab.connect(victim);
    else lab.restart(victim);
    yield* one(lab, lab.servers);
  }
  checkSnapshots(lab);
  // The labs do not ask whether a snapshot was ever sent.
  const installs = lab.nodes.reduce((sum, node) => sum + node.installs, 0);
  if (victimIs === "none") lab.expect(installs === 0, `${installs} snapshots were sent needlessly`);
  else lab.expect(installs > 0, "no snapshot was installed");
}

/** 5 to 14 commands, put to the leader as fast as it takes them. */
function* commands(lab: Lab): Script {
  const leader = yield* checkOneLeader(lab);
  const count = INTERVAL / 2 + lab.random.below(INTERVAL);
  for (let i = 0; i < count; i++) lab.propose(leader, lab.fresh());
}

function checkLogs(lab: Lab): void {
  for (const id of lab.ids.filter((server) => lab.node(server).isUp)) {
    const bytes = lab.logBytes(id) + lab.config.trailingBytes;
    lab.expect(bytes < LOG_BYTES_MAX, `the log of server ${id} has ${bytes} bytes`);
  }
}

function checkSnapshots(lab: Lab): void {
  for (const { id, status } of lab.nodes) {
    if (status?.snapshotIndex === 0) fail(lab, `server ${id} never had a snapshot`);
  }
}
