import { OUTCOME_OK } from "../../history/op.ts";
import { asNode } from "../../lib/ids.ts";
import type { SimOperation } from "../api.ts";
import { checkClients } from "../check-clients.ts";
import { agree, checkOneLeader, ELECTION_MS, fail, members } from "./checks.ts";
import type { Lab } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep, until } from "./script.ts";

const OPERATIONS: readonly SimOperation["op"][] = ["get", "put", "append", "versionedPut"];
const KEYS = 3;
const THINK_MS_MAX = 60;
const RECOVERED_WITHIN_MS = 5_000;
/**
 * Three of five must all hear each other to elect one of them, and of two requests with their
 * replies one is lost in 34 of 100 elections: twice each, for the vote and for the vote before it.
 */
const MAJORITY_WITHIN_MS = 10_000;
const CLERKS = { clients: 5, timeoutMs: 3_000 };

/**
 * Clerks that work on through the faults, instead of stopping when these begin as in the labs; what
 * they saw must be linearizable, versions included, and a checker that gives up is no pass.
 */
export const UNDER_LOAD: readonly LabScenario[] = [
  {
    name: "PartitionsUnderLoad",
    lab: "more",
    about: "linearizable through 10 random partitions of 5 servers, over an unreliable network",
    servers: 5,
    weather: { unreliable: true },
    config: CLERKS,
    script: (lab) => underLoad(lab, 10, partition),
  },
  {
    name: "CrashesUnderLoad",
    lab: "more",
    about: "linearizable while all 5 servers lose power, 5 times over",
    servers: 5,
    config: { ...CLERKS, snapshotEveryBytes: 1_000, disk: { latencyMs: 1, jitterMs: 5 } },
    script: (lab) => underLoad(lab, 5, crashAll),
  },
  {
    name: "EverythingUnderLoad",
    lab: "more",
    about: "linearizable for 15 clerks on 7 servers through partitions, crashes, pauses and cuts",
    servers: 7,
    weather: { unreliable: true, duplicate: 0.1 },
    config: { ...CLERKS, clients: 15, snapshotEveryBytes: 1_000 },
    script: (lab) => underLoad(lab, 8, anything),
  },
  {
    name: "MinorityBlocks",
    lab: "more",
    about: "a put and a get in the minority block as long as the partition lasts, and no longer",
    servers: 5,
    weather: { unreliable: true },
    config: CLERKS,
    script: (lab) => underLoad(lab, 3, minority),
  },
  {
    name: "MembershipUnderLoad",
    lab: "more",
    about: "from servers 1-3 to 1-5 to 4-6, linearizable, and the removed ones can go",
    servers: 6,
    voters: 3,
    config: CLERKS,
    *script(lab: Lab): Script {
      const steps = [
        [1, 2, 3, 4, 5],
        [4, 5, 6],
      ];
      yield* underLoad(lab, steps.length, (l, round) => changeTo(l, steps[round]!));
      lab.disconnect(1, 2, 3);
      yield* checkOneLeader(lab);
    },
  },
];

/** Rounds of a fault, with clerks at work all the time; then all heals, and everything is checked. */
function* underLoad(lab: Lab, rounds: number, fault: (lab: Lab, round: number) => Script): Script {
  yield* checkOneLeader(lab);
  const load = { stopped: false };
  const ids = Array.from({ length: lab.config.clients }, (_, id) => id);
  for (const id of ids) lab.spawn(work(lab, load, id));
  const weather = lab.network.weather;
  for (let round = 0; round < rounds; round++) {
    yield* fault(lab, round);
    lab.heal();
    lab.network.weather = weather;
    yield* progress(lab);
  }
  lab.setWeather({});
  load.stopped = true;
  yield* allDone(lab);
  yield* readAll(lab);
  // Once all have applied a later command, what was given up has happened or never will.
  yield* agree(lab, lab.fresh(), members(lab).length);
  if (checkClients(lab.clerks.clients) === "unknown")
    lab.unknown = "the checker reached its limits";
}

function* work(lab: Lab, load: { readonly stopped: boolean }, client: number): Script {
  while (!load.stopped) {
    const key = 1 + lab.random.below(KEYS);
    lab.clerks.clients.start({ client, op: lab.random.pick(OPERATIONS), key });
    yield 1 + lab.random.below(THINK_MS_MAX);
  }
}

/** Operations succeed again within 5 s of the end of a fault. */
function* progress(lab: Lab): Script {
  const before = succeeded(lab);
  const isServed = yield* until(lab.world, RECOVERED_WITHIN_MS, () => succeeded(lab) > before);
  lab.expect(isServed, `no operation succeeded within ${RECOVERED_WITHIN_MS} ms after healing`);
}

function* allDone(lab: Lab): Script {
  const { clients } = lab.clerks;
  const withinMs = lab.config.timeoutMs + 1_000;
  const areDone = yield* until(lab.world, withinMs, () => clients.busy === 0);
  lab.expect(areDone, `${clients.busy} operations are pending ${withinMs} ms after healing`);
}

/** What the labs read after healing and never compare: here these reads are part of the history. */
function* readAll(lab: Lab): Script {
  for (let key = 1; key <= KEYS; key++) {
    const before = succeeded(lab);
    lab.clerks.clients.start({ client: 0, op: "get", key });
    yield* allDone(lab);
    lab.expect(succeeded(lab) > before, `key ${key} cannot be read though all is healed`);
  }
}

const succeeded = (lab: Lab): number => lab.clerks.ended.get(OUTCOME_OK) ?? 0;

/** The labs' partitioner: two sides at random, for 1000 to 1199 ms. */
function* partition(lab: Lab): Script {
  lab.split(...lab.ids.filter(() => lab.random.chance(0.5)));
  yield* sleep(1_000 + lab.random.below(200));
}

function* crashAll(lab: Lab): Script {
  yield* sleep(lab.random.below(ELECTION_MS));
  lab.crash(...lab.ids);
  yield* sleep(lab.random.below(ELECTION_MS / 2));
}

/** Two or three things go wrong, one soon after the other. */
function* anything(lab: Lab): Script {
  const faults = [
    (id: number) => lab.crash(id),
    (id: number) => lab.cutOneWay(id, lab.random.chance(0.5) ? "in" : "out"),
    (id: number) => lab.disconnect(id),
    (id: number) => lab.pause(id),
    () => lab.split(...lab.ids.filter(() => lab.random.chance(0.4))),
    () => lab.restart(...lab.ids.filter((id) => !lab.node(id).isUp)),
  ];
  for (let i = lab.random.between(2, 5); i > 0; i--) {
    const id = 1 + lab.random.below(lab.servers);
    // A node that is down cannot be paused, nor one that is paused crash without its inbox.
    if (lab.node(id).isUp && !lab.node(id).isPaused) lab.random.pick(faults)(id);
    yield* sleep(lab.random.below(0.7 * ELECTION_MS));
  }
}

/** The leader and one other are cut off: what is put to that leader waits, while the rest commits. */
function* minority(lab: Lab): Script {
  const leader = yield* checkOneLeader(lab);
  lab.split(leader, lab.after(leader, 1));
  const call = lab.submit(leader, lab.fresh());
  const read = lab.confirmedGet(leader);
  const before = succeeded(lab);
  const goesOn = yield* until(lab.world, MAJORITY_WITHIN_MS, () => succeeded(lab) > before);
  lab.expect(goesOn, `the majority committed nothing within ${MAJORITY_WITHIN_MS} ms`);
  yield* sleep(ELECTION_MS);
  for (const [what, { reply }] of [
    ["put", call],
    ["get", read],
  ] as const) {
    lab.expect(reply?.status !== 0, `a ${what} succeeded in the minority`);
  }
  lab.split();
  const isAnswered = (): boolean => call.reply !== null && read.reply !== null;
  lab.expect(yield* until(lab.world, 3_000, isAnswered), "unanswered 3 s after healing");
}

function* changeTo(lab: Lab, voters: readonly number[]): Script {
  const leader = yield* checkOneLeader(lab);
  lab.note(`change the membership to ${voters.join(", ")}`);
  lab.node(leader).changeMembership(voters.map(asNode), []);
  const isChanged = (): boolean => {
    const now = members(lab);
    return now.length === voters.length && voters.every((id) => now.includes(id));
  };
  if (!(yield* until(lab.world, 10_000, isChanged))) {
    fail(lab, `the voters are ${members(lab).join(", ")}, not ${voters.join(", ")}, after 10 s`);
  }
}
