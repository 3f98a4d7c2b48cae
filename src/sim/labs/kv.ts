import { OUTCOME_INFO, OUTCOME_OK } from "../../history/op.ts";
import type { SimOperation } from "../api.ts";
import { checkClients } from "../check-clients.ts";
import { agree, checkOneLeader, ELECTION_MS, join, members } from "./checks.ts";
import { KvTally } from "./kv-tally.ts";
import type { Lab } from "./lab.ts";
import { type Script, sleep, until } from "./script.ts";

/** What the labs keep a log to, where it has a snapshot every `snapshotEveryBytes`: so many times that. */
const LOG_FACTOR_MAX = 8;
export const SNAPSHOT_BYTES = 1_000;
const ROUNDS = 3;
const ROUND_MS = 2_000;
const THINK_MS_MAX = 30;
const RANDOM_KEYS = 100;
const RECOVERED_WITHIN_MS = 5_000;
export const CLERK_TIMEOUT_MS = 3_000;

/** The labs' generic KV test: what happens while clerks are at work. */
export type KvTest = {
  /** `versioned`: puts with the version last seen (2025); `append`: appends, on random keys puts too (2024). */
  readonly ops: "versioned" | "append";
  readonly clerks: number;
  readonly unreliable?: boolean;
  readonly crash?: boolean;
  readonly partitions?: boolean;
  /** One of 100 keys an operation, in place of one for all (2025) or one a clerk (2024). */
  readonly randomKeys?: boolean;
};

const OPERATIONS: Readonly<Record<KvTest["ops"], readonly SimOperation["op"][]>> = {
  versioned: ["versionedPut", "get"],
  append: ["append", "append", "get"],
};

/**
 * Three rounds of clerks at work, through partitions if there are any; after each, all heals, every
 * server dies and comes back if they shall, and every key must hold what the clerks were told.
 * At the end all of it must be linearizable, versions included.
 */
export function* generic(lab: Lab, test: KvTest): Script {
  const { weather } = lab.network;
  const tally = new KvTally(lab, test.ops);
  if (test.unreliable === true) lab.clerks.setLoss(0.1);
  yield* checkOneLeader(lab);
  for (let round = 0; round < ROUNDS; round++) {
    yield* work(lab, test, tally);
    lab.heal();
    lab.network.weather = weather;
    if (test.crash === true) {
      lab.crash(...lab.ids);
      yield* sleep(ELECTION_MS);
      lab.restart(...lab.ids);
    }
    yield* tally.check();
    checkLogs(lab);
  }
  yield* finish(lab);
}

function* work(lab: Lab, test: KvTest, tally: KvTally): Script {
  const load = { stopped: false };
  const clerks = Array.from({ length: test.clerks }, (_, id) =>
    lab.spawn(clerk(lab, test, tally, load, id)),
  );
  const partitions = test.partitions === true ? [lab.spawn(partitioner(lab, load))] : [];
  yield* sleep(ROUND_MS);
  // The clerks go on after the partitions have gone, until one of them has been served.
  load.stopped = test.partitions !== true;
  if (!load.stopped) {
    lab.split();
    const before = lab.clerks.ended.get(OUTCOME_OK) ?? 0;
    const isServed = (): boolean => (lab.clerks.ended.get(OUTCOME_OK) ?? 0) > before;
    const served = yield* until(lab.world, RECOVERED_WITHIN_MS, isServed);
    lab.expect(served, `no operation succeeded within ${RECOVERED_WITHIN_MS} ms of the partitions`);
    load.stopped = true;
  }
  yield* join(lab, [...clerks, ...partitions]);
}

function* clerk(
  lab: Lab,
  test: KvTest,
  tally: KvTally,
  load: { readonly stopped: boolean },
  client: number,
): Script {
  while (!load.stopped) {
    const replaces = test.ops === "append" && test.randomKeys === true && lab.random.chance(0.2);
    const op = replaces ? "put" : lab.random.pick(OPERATIONS[test.ops]);
    yield* tally.call({ client, op, key: keyOf(lab, test, client) });
    yield 1 + lab.random.below(THINK_MS_MAX);
  }
}

/** Key 0 is the lab's own, for what it proposes itself. */
function keyOf(lab: Lab, test: KvTest, client: number): number {
  if (test.randomKeys === true) return 1 + lab.random.below(RANDOM_KEYS);
  return test.ops === "versioned" ? 1 : 1 + client;
}

/** A random split into two sides, anew every 1000 to 1199 ms. */
function* partitioner(lab: Lab, load: { readonly stopped: boolean }): Script {
  while (!load.stopped) {
    lab.split(...lab.ids.filter(() => lab.random.chance(0.5)));
    yield* sleep(ELECTION_MS + lab.random.below(200));
  }
  lab.split();
}

/** No server that runs has a log of more than 8 times what a snapshot is taken after. */
export function checkLogs(lab: Lab): void {
  const { snapshotEveryBytes } = lab.config;
  if (snapshotEveryBytes === 0) return;
  const most = LOG_FACTOR_MAX * snapshotEveryBytes;
  for (const id of lab.ids.filter((server) => lab.isReachable(server))) {
    const bytes = lab.logBytes(id);
    lab.expect(
      bytes <= most,
      `the log of server ${id} has ${bytes} bytes, at most ${most} expected`,
    );
  }
}

/** Everything the clerks did and were told is linearizable. */
export function* finish(lab: Lab): Script {
  lab.heal();
  lab.clerks.setLoss(0);
  // Once all have applied a later command, what was given up has happened or never will.
  yield* agree(lab, lab.fresh(), members(lab).length);
  if (lab.config.snapshotEveryBytes > 0) {
    const isCompacted = lab.nodes.every(({ status }) => (status?.snapshotIndex ?? 0) > 0);
    lab.expect(isCompacted, "a server never took a snapshot");
  }
  if ((lab.clerks.ended.get(OUTCOME_INFO) ?? 0) > 0) lab.note("some operations were given up");
  if (checkClients(lab.clerks.clients) === "unknown")
    lab.unknown = "the checker reached its limits";
}
