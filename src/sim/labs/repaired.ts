import { agree, checkOneLeader, ELECTION_MS, fail, one } from "./checks.ts";
import { FIGURE8 } from "./figure8.ts";
import type { Lab } from "./lab.ts";
import { PERSISTENCE } from "./persistence.ts";
import type { LabScenario } from "./scenario.ts";
import { SNAPSHOTTING } from "./snapshots.ts";
import { type Script, sleep, until } from "./script.ts";

/** A fault that none of the labs brings about, and what must hold in spite of it. */
export const REPAIRED: readonly LabScenario[] = [
  {
    ...named(PERSISTENCE, "UnreliableAgree"),
    name: "Duplicates",
    about: "UnreliableAgree with 1 message in 5 delivered twice",
    weather: { unreliable: true, duplicate: 0.2 },
  },
  {
    ...named(FIGURE8, "Figure8"),
    name: "Figure8Often",
    about: "Figure8 with elections about as quick as its rounds, so that many more leaders die",
    config: {
      electionTimeoutMinMs: 30,
      heartbeatIntervalMs: 10,
      disk: { latencyMs: 0.1, jitterMs: 2 },
    },
  },
  {
    ...named(FIGURE8, "Figure8Unreliable"),
    name: "Figure8Duplicates",
    about: "Figure8Unreliable with 1 message in 5 delivered twice",
    weather: { unreliable: true, duplicate: 0.2 },
    config: { electionTimeoutMinMs: 60, heartbeatIntervalMs: 20 },
  },
  {
    ...named(SNAPSHOTTING, "SnapshotInstallCrash"),
    name: "SnapshotChunks",
    about: "SnapshotInstallCrash with snapshots that take many chunks, some of them twice",
    weather: { unreliable: false, duplicate: 0.2 },
    config: {
      ...named(SNAPSHOTTING, "SnapshotInstallCrash").config,
      ...{ snapshotChunkBytes: 64, snapshotInflightBytesMax: 256 },
    },
  },
  {
    name: "EvenSplit",
    lab: "more",
    about: "nothing commits on either side of 4 servers split in halves; all goes on afterwards",
    servers: 4,
    *script(lab: Lab): Script {
      for (let i = 0; i < 3; i++) {
        yield* one(lab, lab.servers);
        const leader = yield* checkOneLeader(lab);
        lab.split(leader, lab.after(leader, 1));
        const before = lab.applied.count;
        for (let waited = 0; waited < 2 * ELECTION_MS; waited += 100) {
          for (const id of lab.ids) lab.propose(id, lab.fresh());
          yield* sleep(100);
        }
        lab.expect(lab.applied.count === before, "a command was applied by half of the servers");
        lab.split();
      }
      yield* one(lab, lab.servers);
    },
  },
  {
    name: "DeafLeader",
    lab: "more",
    about: "a leader that hears nobody gives way to one that commits; it comes back in peace",
    servers: 5,
    script: (lab) => oneWay(lab, "in"),
  },
  {
    name: "MuteLeader",
    lab: "more",
    about: "a leader that nobody hears gives way to one that commits; it comes back in peace",
    servers: 5,
    script: (lab) => oneWay(lab, "out"),
  },
  {
    name: "PausedLeader",
    lab: "more",
    about: "a leader paused with commands in hand has lost its office when it goes on",
    servers: 3,
    *script(lab: Lab): Script {
      for (let i = 0; i < 5; i++) {
        yield* one(lab, lab.servers);
        const leader = yield* checkOneLeader(lab);
        const value = lab.fresh();
        lab.pause(leader);
        // Put to it while it does not run: it will find the command when it goes on.
        const call = lab.submit(leader, value);
        yield* checkOneLeader(lab);
        const number = yield* one(lab, lab.servers - 1);
        yield* sleep(lab.random.below(2 * ELECTION_MS));
        lab.resume(leader);
        lab.expect((yield* one(lab, lab.servers)) > number, "commands changed places");
        const isOk = call.reply?.status === 0;
        const isApplied = lab.applied.values().includes(value);
        lab.expect(!isOk || isApplied, `${value} was acknowledged, and is not in the log`);
      }
    },
  },
  {
    name: "StalledDisk",
    lab: "more",
    about: "a leader whose disk stalls gives way within 5 s, and follows again when it recovers",
    servers: 3,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers);
      const leader = yield* checkOneLeader(lab);
      lab.node(leader).disk.setSpeed({ latencyMs: 10_000, jitterMs: 0 });
      lab.note(`disk of ${leader} stalls`);
      // It must have a write under way to notice.
      lab.propose(leader, lab.fresh());
      const hasNew = yield* until(lab.world, 5_000, () => newLeader(lab, leader) !== 0);
      lab.expect(hasNew, `server ${leader} leads on, or nobody does, 5 s after its disk stalled`);
      yield* one(lab, lab.servers - 1);
      lab.node(leader).disk.setSpeed(lab.config.disk);
      yield* sleep(10_000);
      yield* one(lab, lab.servers);
    },
  },
  {
    name: "FailedDisk",
    lab: "more",
    about: "a leader whose disk fails stops, and loses nothing that was committed",
    servers: 3,
    *script(lab: Lab): Script {
      for (let i = 0; i < 5; i++) {
        yield* one(lab, lab.servers);
        const leader = yield* checkOneLeader(lab);
        lab.node(leader).disk.fail("sync");
        lab.note(`disk of ${leader} fails`);
        lab.propose(leader, lab.fresh());
        const hasStopped = yield* until(lab.world, 1_000, () => !lab.node(leader).isUp);
        lab.expect(hasStopped, `server ${leader} runs on though its disk failed`);
        yield* one(lab, lab.servers - 1);
        lab.node(leader).disk.heal();
        lab.restart(leader);
      }
      yield* one(lab, lab.servers);
    },
  },
  {
    name: "ClockJumps",
    lab: "more",
    about: "clocks that jump ahead by seconds cost an election at most, never a command",
    servers: 3,
    *script(lab: Lab): Script {
      for (let i = 0; i < 10; i++) {
        yield* one(lab, lab.servers);
        const id = lab.random.chance(0.5)
          ? yield* checkOneLeader(lab)
          : 1 + lab.random.below(lab.servers);
        lab.node(id).clock.jump(10 + lab.random.below(10_000));
        lab.node(id).clockChanged();
        lab.note(`clock of ${id} jumps`);
        yield* checkOneLeader(lab);
      }
      yield* agree(lab, lab.fresh(), lab.servers);
    },
  },
];

/** One direction of the leader's links is cut: someone else must lead, and commit. */
function* oneWay(lab: Lab, direction: "in" | "out"): Script {
  for (let i = 0; i < 3; i++) {
    yield* one(lab, lab.servers);
    const leader = yield* checkOneLeader(lab);
    lab.cutOneWay(leader, direction);
    const value = lab.fresh();
    const proposal = lab.propose(leader, value);
    const hasNew = yield* until(lab.world, 5_000, () => newLeader(lab, leader) !== 0);
    lab.expect(hasNew, `no other leader 5 s after server ${leader} was cut (${direction})`);
    yield* one(lab, lab.servers - 1);
    const hasStepped = yield* until(
      ...([lab.world, 5_000, () => lab.node(leader).status?.role !== "leader"] as const),
    );
    lab.expect(hasStepped, `server ${leader} still thinks that it leads`);
    yield* sleep(ELECTION_MS);
    const term = lab.node(newLeader(lab, leader)).status?.term;
    lab.connect(leader);
    yield* one(lab, lab.servers);
    // PreVote: who was cut off has not run its term up, and deposes nobody.
    const after = Math.max(...lab.nodes.map(({ status }) => status!.term));
    lab.expect(after === term, `the term went from ${term} to ${after} when it came back`);
    if (proposal === null) fail(lab, `server ${leader} led, and took no command`);
  }
}

/** A reachable leader other than `id`, or 0. */
function newLeader(lab: Lab, id: number): number {
  const leads = (node: Lab["nodes"][number]): boolean =>
    node.id !== id && lab.isReachable(node.id) && node.status?.role === "leader";
  return lab.nodes.find(leads)?.id ?? 0;
}

function named(scenarios: readonly LabScenario[], name: string): LabScenario {
  const scenario = scenarios.find((each) => each.name === name)!;
  return { ...scenario, lab: "more" };
}
