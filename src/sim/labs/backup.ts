import { checkOneLeader, ELECTION_MS, one } from "./checks.ts";
import type { Lab } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep } from "./script.ts";

const ROUND = 50;
/** Most RPCs: to elect the first leader; for 1 s without commands (3 servers). */
const ELECTION_RPCS_MAX = 30;
const IDLE_RPCS_MAX = 60;
const COMMANDS = 10;

/** Lab 3B, continued: how soon logs that went apart agree again, and what that costs. */
export const BACKUP: readonly LabScenario[] = [
  {
    name: "Backup",
    lab: "3B",
    about: "logs that differ in 50 entries, twice over, agree again within 10 s a command",
    servers: 5,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers);
      const leader1 = yield* checkOneLeader(lab);
      const [pair, rest] = [
        [leader1, lab.after(leader1, 1)],
        [2, 3, 4].map((k) => lab.after(leader1, k)),
      ];
      lab.disconnect(...rest);
      proposeRound(lab, leader1);
      yield* sleep(ELECTION_MS / 2);
      lab.disconnect(...pair);
      lab.connect(...rest);
      yield* agreeRound(lab, 3);
      const leader2 = yield* checkOneLeader(lab);
      const other = rest.find((id) => id !== leader2)!;
      lab.disconnect(other);
      proposeRound(lab, leader2);
      yield* sleep(ELECTION_MS / 2);
      lab.disconnect(...lab.ids);
      lab.connect(...pair, other);
      yield* agreeRound(lab, 3);
      lab.connect(...lab.ids);
      yield* one(lab, lab.servers);
    },
  },
  {
    name: "Count",
    lab: "3B",
    about: "RPCs: 1 to 30 for an election, at most 42 for 10 commands and 60 for 1 s of rest",
    servers: 3,
    *script(lab: Lab): Script {
      yield* checkOneLeader(lab);
      const { counters } = lab.network;
      const election = counters.rpcs;
      lab.expect(election >= 1 && election <= ELECTION_RPCS_MAX, `election took ${election} RPCs`);
      const leader = yield* checkOneLeader(lab);
      yield* countCommands(lab, leader);
      const before = counters.rpcs;
      yield* sleep(ELECTION_MS);
      const idle = counters.rpcs - before;
      lab.expect(idle <= IDLE_RPCS_MAX, `${idle} RPCs within 1 s of rest`);
    },
  },
];

/** Commands that the leader takes and cannot commit. */
function proposeRound(lab: Lab, leader: number): void {
  for (let i = 0; i < ROUND; i++) {
    lab.expect(lab.propose(leader, lab.fresh()) !== null, `server ${leader} took no command`);
  }
}

function* agreeRound(lab: Lab, servers: number): Script {
  for (let i = 0; i < ROUND; i++) yield* one(lab, servers);
}

/** The labs repeat this when the term changes; nothing fails here, so it must not. */
function* countCommands(lab: Lab, leader: number): Script {
  const { counters } = lab.network;
  const before = counters.rpcs;
  const first = lab.propose(leader, lab.fresh());
  lab.expect(first !== null, `server ${leader} took no command`);
  const values: string[] = [];
  for (let i = 1; i < COMMANDS + 2; i++) {
    const value = lab.fresh();
    const proposal = lab.propose(leader, value);
    lab.expect(proposal?.index === first.index + i, `command ${i} has another index`);
    lab.expect(proposal.term === first.term, "the term changed though nothing failed");
    values.push(value);
  }
  const last = first.index + COMMANDS + 1;
  for (let waited = 0; lab.appliedBy(last) < lab.servers; waited += 5) {
    lab.expect(waited < 2_000, "commands were not applied within 2 s");
    yield 5;
  }
  for (const [i, value] of values.entries()) {
    const applied = lab.applied.valueAt(first.index + 1 + i);
    lab.expect(applied === value, `${applied} in the place of ${value}`);
  }
  const most = (COMMANDS + 1 + 3) * lab.servers;
  const took = counters.rpcs - before;
  lab.expect(took <= most, `${COMMANDS} commands took ${took} RPCs, at most ${most} expected`);
}
