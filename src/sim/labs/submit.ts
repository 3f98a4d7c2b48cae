import { OUTCOME_INFO, OUTCOME_OK } from "../../history/op.ts";
import { STATUS } from "../../wire/errors.ts";
import { checkOneLeader, ELECTION_MS, fail, one } from "./checks.ts";
import type { Lab, Submitted } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep, until } from "./script.ts";

const INCREMENTS = 100;
const CONCURRENT = 50;
const SNAPSHOT_BYTES = 1_000;
/** So slow that calls take longer than the 20 ms after which the servers die. */
const SLOW_DISK = { latencyMs: 8, jitterMs: 4 };
/** Every call returns within this after its servers have died. */
const RETURN_MS_MAX = 11_000;

/**
 * Lab 4A: the replicated state machine. The labs' counter is the version of a key here, which each
 * append adds one to; what a call returns is what the server replied.
 */
export const SUBMITTING: readonly LabScenario[] = [
  {
    name: "Basic",
    lab: "4A",
    about: "10 increments return 1 to 10, and the 3 counters are equal",
    servers: 3,
    *script(lab: Lab): Script {
      for (let i = 1; i <= 10; i++) yield* increment(lab, i);
      yield* checkCounters(lab, 10, lab.ids);
    },
  },
  {
    name: "Concurrent",
    lab: "4A",
    about: "50 increments at once: all return, and the 3 counters are 50",
    servers: 3,
    config: { clients: CONCURRENT },
    *script(lab: Lab): Script {
      yield* checkOneLeader(lab);
      incrementAll(lab, CONCURRENT);
      yield* allReturn(lab, 5_000);
      const ok = lab.clerks.ended.get(OUTCOME_OK) ?? 0;
      lab.expect(ok === CONCURRENT, `${ok} of ${CONCURRENT} increments succeeded`);
      yield* checkCounters(lab, CONCURRENT, lab.ids);
    },
  },
  {
    name: "LeaderFailure",
    lab: "4A",
    about: "increments go on without the old leader, which then catches up",
    servers: 3,
    *script(lab: Lab): Script {
      yield* increment(lab, 1);
      const leader = yield* checkOneLeader(lab);
      lab.disconnect(leader);
      yield* checkOneLeader(lab);
      yield* increment(lab, 2);
      yield* checkCounters(
        lab,
        2,
        lab.ids.filter((id) => id !== leader),
      );
      lab.connect(leader);
      yield* checkCounters(lab, 2, lab.ids);
    },
  },
  {
    name: "LeaderPartition",
    lab: "4A",
    about: "100 commands put to a leader in the minority: none succeeds, all return in time",
    servers: 3,
    *script(lab: Lab): Script {
      yield* increment(lab, 1);
      const leader = yield* checkOneLeader(lab);
      lab.disconnect(leader);
      const values = Array.from({ length: INCREMENTS }, () => lab.fresh());
      const calls = values.map((value) => lab.submit(leader, value));
      yield* checkOneLeader(lab);
      yield* increment(lab, 2);
      lab.connect(leader);
      const haveReturned = yield* until(lab.world, 1_000, () => calls.every(hasReturned));
      lab.expect(haveReturned, "calls still wait 1 s after the partition has healed");
      const ok = calls.filter(isOk).length;
      lab.expect(ok === 0, `${ok} commands succeeded on a leader without a majority`);
      yield* checkCounters(lab, 2, lab.ids);
      const applied = new Set(lab.applied.values());
      lab.expect(
        !values.some((value) => applied.has(value)),
        "a command of the minority is applied",
      );
    },
  },
  {
    name: "RestartReplay",
    lab: "4A",
    about: "after 100 increments and a second of darkness the next one returns 101",
    servers: 3,
    *script(lab: Lab): Script {
      yield* restartReplay(lab);
    },
  },
  {
    name: "Shutdown",
    lab: "4A",
    about: "calls under way when all servers die return within 11 s",
    servers: 3,
    config: { clients: INCREMENTS, disk: SLOW_DISK },
    *script(lab: Lab): Script {
      yield* checkOneLeader(lab);
      yield* shutDownAmid(lab);
    },
  },
  {
    name: "RestartSubmit",
    lab: "4A",
    about:
      "replay, death amid calls, and restart: what returned counts once, the rest at most once",
    servers: 3,
    config: { clients: CONCURRENT, disk: SLOW_DISK },
    *script(lab: Lab): Script {
      yield* restartReplay(lab);
      yield* shutDownAmid(lab);
      lab.restart(...lab.ids);
      yield* checkOneLeader(lab);
      yield* one(lab, lab.servers);
      const [counter] = lab.ids.map((id) => lab.counter(id));
      yield* checkCounters(lab, counter!, lab.ids);
      const fewest = INCREMENTS + 2 + (lab.clerks.ended.get(OUTCOME_OK) ?? 0);
      const most = fewest + (lab.clerks.ended.get(OUTCOME_INFO) ?? 0);
      const isBetween = counter! >= fewest && counter! <= most;
      lab.expect(isBetween, `the counter is ${counter}, not ${fewest} to ${most}`);
    },
  },
  {
    name: "Snapshot",
    lab: "4A",
    about: "100 increments with a snapshot every 1000 bytes: log <= 2000 bytes, then 101",
    servers: 3,
    config: { snapshotEveryBytes: SNAPSHOT_BYTES },
    *script(lab: Lab): Script {
      for (let i = 1; i <= INCREMENTS; i++) {
        yield* increment(lab, i);
        checkLogs(lab);
      }
      yield* checkCounters(lab, INCREMENTS, lab.ids);
      for (const { id, status } of lab.nodes) {
        lab.expect((status?.snapshotIndex ?? 0) > 0, `server ${id} took no snapshot`);
      }
      lab.crash(...lab.ids);
      lab.restart(...lab.ids);
      yield* increment(lab, INCREMENTS + 1);
      yield* checkCounters(lab, INCREMENTS + 1, lab.ids);
    },
  },
];

/** Puts an increment to whoever leads until one succeeds; it must return `expected`. */
function* increment(lab: Lab, expected: number): Script {
  for (let tries = 0; tries < 100; tries++) {
    const leader = lab.ids.find(
      (id) => lab.isReachable(id) && lab.node(id).status?.role === "leader",
    );
    if (leader === undefined) {
      yield* sleep(50);
      continue;
    }
    const call = lab.submit(leader, lab.fresh());
    yield* until(lab.world, 2_000, () => hasReturned(call));
    if (!isOk(call)) continue;
    const got = call.reply?.version;
    lab.expect(got === expected, `increment returned ${got}, not ${expected}`);
    return;
  }
  fail(lab, `increment ${expected} did not succeed`);
}

function* restartReplay(lab: Lab): Script {
  for (let i = 1; i <= INCREMENTS; i++) yield* increment(lab, i);
  lab.crash(...lab.ids);
  yield* sleep(ELECTION_MS);
  lab.restart(...lab.ids);
  yield* increment(lab, INCREMENTS + 1);
  yield* checkCounters(lab, INCREMENTS + 1, lab.ids);
}

/** All servers die 20 ms after every clerk has put an increment. All of these must return. */
function* shutDownAmid(lab: Lab): Script {
  incrementAll(lab, lab.config.clients);
  yield* sleep(20);
  lab.expect(lab.clerks.clients.busy > 0, "no call is under way when the servers die");
  lab.crash(...lab.ids);
  yield* allReturn(lab, RETURN_MS_MAX);
}

function incrementAll(lab: Lab, clerks: number): void {
  for (let client = 0; client < clerks; client++) {
    lab.clerks.clients.start({ client, op: "append", key: 0 });
  }
}

function* allReturn(lab: Lab, withinMs: number): Script {
  const { clients } = lab.clerks;
  const haveReturned = yield* until(lab.world, withinMs, () => clients.busy === 0);
  lab.expect(haveReturned, `${clients.busy} calls have not returned within ${withinMs} ms`);
}

/** The servers' counters all come to `expected`, within 2 s. */
function* checkCounters(lab: Lab, expected: number, ids: readonly number[]): Script {
  const areEqual = (): boolean => ids.every((id) => lab.counter(id) === expected);
  if (yield* until(lab.world, 2_000, areEqual)) return;
  const counters = ids.map((id) => lab.counter(id)).join(", ");
  fail(lab, `counters of servers ${ids.join(", ")}: ${counters}, expected ${expected}`);
}

function checkLogs(lab: Lab): void {
  for (const id of lab.ids) {
    const bytes = lab.logBytes(id);
    lab.expect(bytes <= 2 * SNAPSHOT_BYTES, `the log of server ${id} has ${bytes} bytes`);
  }
}

const hasReturned = (call: Submitted): boolean => call.reply !== null || call.isBroken;
const isOk = (call: Submitted): boolean => call.reply?.status === STATUS.ok.code;
