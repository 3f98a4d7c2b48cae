import { OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "../../history/op.ts";
import { STATUS } from "../../wire/errors.ts";
import { checkOneLeader, ELECTION_MS, join } from "./checks.ts";
import { checkLogs, CLERK_TIMEOUT_MS, finish, SNAPSHOT_BYTES } from "./kv.ts";
import { KvTally } from "./kv-tally.ts";
import type { Lab } from "./lab.ts";
import type { LabGroup, LabScenario } from "./scenario.ts";
import { type Script, sleep, until } from "./script.ts";

/** Three operations in the time between two heartbeats of 100 ms. */
const SPEED_MS_MAX = 33.3;
const SPEED_PUTS = 1_000;
const HEALED_WITHIN_MS = 3_000;
const SNAPSHOT_SIZE_MAX = 500;
const ONE_CLERK = { clients: 1, timeoutMs: CLERK_TIMEOUT_MS };
const COMPACTED = { snapshotEveryBytes: SNAPSHOT_BYTES };

/** The KV labs' tests of their own kind, and those of lab 2 that ask for more than one server can show. */
export const KV_ALONE: readonly LabScenario[] = [
  {
    name: "ReliablePut",
    lab: "4B",
    about: "a put at version 0 gives 1; a stale one is refused, and so is a get of no key",
    servers: 3,
    config: { ...ONE_CLERK, clients: 2 },
    script: reliablePut,
  },
  ...speedTests("4B", "versionedPut", 0),
  ...speedTests("4C", "versionedPut", SNAPSHOT_BYTES),
  ...speedTests("2024", "append", 0),
  onePartition("4B"),
  onePartition("2024"),
  {
    name: "SnapshotRPC",
    lab: "4C",
    about: "a server that missed 50 puts gets them by a snapshot, and can serve old keys",
    servers: 3,
    config: { ...ONE_CLERK, ...COMPACTED },
    script: snapshotRpc,
  },
  {
    name: "SnapshotSize",
    lab: "4C",
    about: "after 400 puts of one key the log is below 8000 bytes and the snapshot below 500",
    servers: 3,
    config: { ...ONE_CLERK, ...COMPACTED },
    script: snapshotSize,
  },
  {
    name: "UnreliableOneKey",
    lab: "2024",
    about: "5 clerks append 10 values each to one key: each is there once, in order",
    servers: 3,
    weather: { unreliable: true },
    config: { clients: 5, timeoutMs: 10_000 },
    script: unreliableOneKey,
  },
];

function* reliablePut(lab: Lab): Script {
  yield* checkOneLeader(lab);
  const tally = new KvTally(lab, "versioned");
  const put = { client: 0, op: "versionedPut", key: 1 } as const;
  const first = yield* tally.call(put);
  lab.expect(first === OUTCOME_OK, "the first put, at version 0, was refused");
  const { version } = yield* tally.read(1);
  lab.expect(version === 1, `the version after the first put is ${version}`);
  // The other clerk has never seen the key: it takes its version to be 0.
  const stale = yield* tally.call({ ...put, client: 1 });
  lab.expect(
    stale === OUTCOME_MISMATCH,
    "a put at version 0 of a key at version 1 was not refused",
  );
  const { version: absent } = yield* tally.read(2);
  lab.expect(absent === 0, `a key that was never put has version ${absent}`);
  yield* tally.check();
  yield* finish(lab);
}

/** 1000 operations, one after the other: each within 33.3 ms, not only on average as in the labs. */
function speedTests(
  lab: LabGroup,
  op: "versionedPut" | "append",
  snapshotEveryBytes: number,
): readonly LabScenario[] {
  return [
    {
      ...{ name: "Speed", lab, servers: 3 },
      about: `1000 operations one after the other take at most ${SPEED_MS_MAX} ms each`,
      config: { ...ONE_CLERK, snapshotEveryBytes },
      *script(each: Lab): Script {
        yield* checkOneLeader(each);
        const { clients, ended } = each.clerks;
        const succeeded = (): number => ended.get(OUTCOME_OK) ?? 0;
        for (let i = 1; i <= SPEED_PUTS; i++) {
          const from = each.world.now;
          clients.start({ client: 0, op, key: 1 });
          const isDone = (): boolean => clients.busy === 0;
          while (!isDone() && each.world.now - from <= SPEED_MS_MAX) yield 0.2;
          const ms = each.world.now - from;
          each.expect(
            isDone() && succeeded() === i,
            `operation ${i} has no success after ${ms} ms`,
          );
        }
        yield* finish(each);
      },
    },
  ];
}

/** A leader and one other are cut off: they serve nobody, the three others everybody. */
function onePartition(group: LabGroup): LabScenario {
  return {
    ...{ name: "OnePartition", lab: group, servers: 5, weather: { unreliable: true } },
    about: "the majority serves; put and get in the minority wait, and end 3 s after it heals",
    config: { clients: 2, timeoutMs: 10_000 },
    *script(lab: Lab): Script {
      const op = group === "2024" ? "append" : "versionedPut";
      const tally = new KvTally(lab, group === "2024" ? "append" : "versioned");
      yield* tally.call({ client: 0, op, key: 1 });
      const leader = yield* checkOneLeader(lab);
      lab.split(leader, lab.after(leader, 1));
      const put = lab.submit(leader, lab.fresh());
      const get = lab.confirmedGet(leader, 1);
      const outcome = yield* tally.call({ client: 0, op, key: 1 });
      lab.expect(outcome === OUTCOME_OK, "a put in the majority did not succeed");
      yield* sleep(ELECTION_MS);
      for (const [what, { reply }] of [["put", put] as const, ["get", get] as const]) {
        lab.expect(reply?.status !== STATUS.ok.code, `a ${what} succeeded in the minority`);
      }
      lab.split();
      const from = lab.world.now;
      // The read after it healed, which cannot fail in the labs: it must show both puts.
      const isAnswered = (): boolean => put.reply !== null && get.reply !== null;
      const answered = yield* until(lab.world, HEALED_WITHIN_MS, isAnswered);
      lab.expect(answered, `unanswered ${HEALED_WITHIN_MS} ms after the partition healed`);
      const late = yield* tally.call({ client: 1, op: "get", key: 1 });
      const ms = lab.world.now - from;
      lab.expect(late === OUTCOME_OK && ms <= HEALED_WITHIN_MS, `a get took until ${ms} ms`);
      yield* tally.check();
      yield* finish(lab);
    },
  };
}

function* snapshotRpc(lab: Lab): Script {
  const tally = new KvTally(lab, "versioned");
  yield* checkOneLeader(lab);
  const put = (key: number): Script<number> => tally.call({ client: 0, op: "versionedPut", key });
  yield* mustBeOk(lab, put(1));
  lab.disconnect(3);
  yield* checkOneLeader(lab);
  for (let key = 2; key <= 51; key++) yield* mustBeOk(lab, put(key));
  checkLogs(lab);
  // Now the one that missed all of it is needed for a majority.
  lab.disconnect(2);
  lab.connect(3);
  yield* checkOneLeader(lab);
  yield* mustBeOk(lab, put(52));
  yield* tally.check();
  lab.expect(lab.node(3).installs > 0, "server 3 caught up without a snapshot");
  lab.connect(2);
  yield* mustBeOk(lab, put(53));
  yield* tally.check();
  yield* finish(lab);
}

function* snapshotSize(lab: Lab): Script {
  const tally = new KvTally(lab, "versioned");
  yield* checkOneLeader(lab);
  for (let i = 0; i < 200; i++) {
    for (let k = 0; k < 2; k++) {
      yield* mustBeOk(lab, tally.call({ client: 0, op: "versionedPut", key: 1 }));
      yield* mustBeOk(lab, tally.call({ client: 0, op: "get", key: 1 }));
    }
  }
  yield* sleep(ELECTION_MS);
  checkLogs(lab);
  for (const id of lab.ids) {
    const bytes = lab.snapshotBytes(id);
    const fits = bytes > 0 && bytes <= SNAPSHOT_SIZE_MAX;
    lab.expect(fits, `the snapshot of server ${id} has ${bytes} bytes`);
  }
  yield* tally.check();
  yield* finish(lab);
}

function* unreliableOneKey(lab: Lab): Script {
  lab.clerks.setLoss(0.1);
  const tally = new KvTally(lab, "append");
  yield* checkOneLeader(lab);
  const tasks = [0, 1, 2, 3, 4].map((client) => lab.spawn(appends(tally, client)));
  yield* join(lab, tasks, 60_000);
  const maybe = lab.clerks.ended.get(OUTCOME_INFO) ?? 0;
  const ok = lab.clerks.ended.get(OUTCOME_OK) ?? 0;
  lab.expect(ok + maybe === 50, `${ok + maybe} of 50 appends were carried out`);
  yield* tally.check();
  yield* finish(lab);
}

function* appends(tally: KvTally, client: number): Script {
  for (let i = 0; i < 10; i++) yield* tally.call({ client, op: "append", key: 1 });
}

function* mustBeOk(lab: Lab, call: Script<number>): Script {
  const outcome = yield* call;
  lab.expect(outcome === OUTCOME_OK, `an operation ended with outcome ${outcome}`);
}
