import { agree, checkOneLeader, checkUnapplied, ELECTION_MS, fail, one } from "./checks.ts";
import type { Lab, Proposal } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep, until } from "./script.ts";

const BIG_BYTES = 5_000;
/** What RPCs may carry besides the commands, once to each server: bytes. */
const OVERHEAD_BYTES = 50_000;

/** Has the server, which must lead, take a command. */
function mustPropose(lab: Lab, id: number, value = lab.fresh()): Proposal {
  return lab.propose(id, value) ?? fail(lab, `server ${id} leads, and refused a command`);
}

/** Lab 3B: the log. */
export const AGREEMENT: readonly LabScenario[] = [
  {
    name: "BasicAgree",
    lab: "3B",
    about: "commands are applied once proposed, everywhere, and numbered 1, 2, 3",
    servers: 3,
    *script(lab: Lab): Script {
      for (let i = 1; i <= 3; i++) {
        lab.expect(lab.applied.count === i - 1, "something was applied before it was proposed");
        const index = yield* agree(lab, `${i * 100}`, lab.servers, false);
        const number = lab.applied.numberOf(index);
        lab.expect(number === i, `command ${i} is number ${number} of the log`);
      }
    },
  },
  {
    name: "RPCBytes",
    lab: "3B",
    about: "each command goes to each server once: bytes <= 3 x sent + 50,000",
    servers: 3,
    *script(lab: Lab): Script {
      yield* agree(lab, "99", lab.servers, false);
      const before = lab.network.counters.bytes;
      let sent = 0;
      for (let i = 2; i < 12; i++) {
        const value = `${lab.fresh()} `.padEnd(BIG_BYTES, "x");
        const number = lab.applied.numberOf(yield* agree(lab, value, lab.servers, false));
        lab.expect(number === i, `command ${i} is number ${number} of the log`);
        sent += value.length;
      }
      const got = lab.network.counters.bytes - before;
      const most = lab.servers * sent + OVERHEAD_BYTES;
      lab.expect(got <= most, `${got} bytes in RPCs, at most ${most} expected`);
    },
  },
  {
    name: "FollowerFailure",
    lab: "3B",
    about: "commits go on without one follower, and stop without both",
    servers: 3,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers, false);
      const leader1 = yield* checkOneLeader(lab);
      lab.disconnect(lab.after(leader1, 1));
      yield* one(lab, lab.servers - 1, false);
      yield* sleep(ELECTION_MS);
      yield* one(lab, lab.servers - 1, false);
      const leader2 = yield* checkOneLeader(lab);
      lab.disconnect(lab.after(leader2, 1), lab.after(leader2, 2));
      const { index } = mustPropose(lab, leader2);
      yield* sleep(2 * ELECTION_MS);
      const number = lab.commandNumber(leader2, index);
      lab.expect(number === 4, `the fourth command is number ${number} of the log`);
      checkUnapplied(lab, index);
    },
  },
  {
    name: "LeaderFailure",
    lab: "3B",
    about: "commits go on under a second leader, and stop without that one",
    servers: 3,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers, false);
      const leader1 = yield* checkOneLeader(lab);
      lab.disconnect(leader1);
      yield* one(lab, lab.servers - 1, false);
      yield* sleep(ELECTION_MS);
      yield* one(lab, lab.servers - 1, false);
      const leader2 = yield* checkOneLeader(lab);
      lab.disconnect(leader2);
      const committed = lab.applied.count;
      for (const id of lab.ids) lab.propose(id, lab.fresh());
      yield* sleep(2 * ELECTION_MS);
      lab.expect(lab.applied.count === committed, "a command was applied without a majority");
    },
  },
  {
    name: "FailAgree",
    lab: "3B",
    about: "a follower that was cut off gets what it missed",
    servers: 3,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers, false);
      const leader = yield* checkOneLeader(lab);
      lab.disconnect(lab.after(leader, 1));
      yield* one(lab, lab.servers - 1, false);
      yield* one(lab, lab.servers - 1, false);
      yield* sleep(ELECTION_MS);
      yield* one(lab, lab.servers - 1, false);
      yield* one(lab, lab.servers - 1, false);
      lab.connect(lab.after(leader, 1));
      yield* one(lab, lab.servers);
      yield* sleep(ELECTION_MS);
      yield* one(lab, lab.servers);
    },
  },
  {
    name: "FailNoAgree",
    lab: "3B",
    about: "nothing commits without 3 of 5; all goes on once they are back",
    servers: 5,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers, false);
      const leader = yield* checkOneLeader(lab);
      const followers = [1, 2, 3].map((k) => lab.after(leader, k));
      lab.disconnect(...followers);
      const { index } = mustPropose(lab, leader);
      yield* sleep(2 * ELECTION_MS);
      const number = lab.commandNumber(leader, index);
      lab.expect(number === 2, `the second command is number ${number} of the log`);
      checkUnapplied(lab, index);
      lab.connect(...followers);
      const leader2 = yield* checkOneLeader(lab);
      const proposal = mustPropose(lab, leader2);
      yield* agree(lab, "1000", lab.servers);
      // The disconnected majority may have chosen a leader that never had the command.
      const number2 = lab.commandNumber(leader2, proposal.index);
      lab.expect(number2 === 2 || number2 === 3, `the next command is number ${number2}`);
    },
  },
  {
    name: "ConcurrentStarts",
    lab: "3B",
    about: "five commands put to a leader at once are all applied, in its term, by all",
    servers: 3,
    *script(lab: Lab): Script {
      for (let attempt = 0; attempt < 5; attempt++) {
        const leader = yield* checkOneLeader(lab);
        const { term } = mustPropose(lab, leader);
        const values = [0, 1, 2, 3, 4].map(() => lab.fresh());
        const proposals = values.map((value) => mustPropose(lab, leader, value));
        const isApplied = ({ index }: Proposal): boolean => lab.appliedBy(index) === lab.servers;
        yield* until(lab.world, 5_000, () => proposals.every(isApplied));
        if (lab.node(leader).status?.term !== term) continue;
        for (const [i, proposal] of proposals.entries()) {
          lab.expect(isApplied(proposal), `command ${values[i]} is not applied on all`);
          const value = lab.applied.valueAt(proposal.index);
          lab.expect(value === values[i], `${value} in the place of ${values[i]}`);
        }
        return;
      }
      fail(lab, "the term changed each time");
    },
  },
  {
    name: "Rejoin",
    lab: "3B",
    about: "an isolated leader's entries give way to those of the majority",
    servers: 3,
    *script(lab: Lab): Script {
      yield* one(lab, lab.servers);
      const leader1 = yield* checkOneLeader(lab);
      lab.disconnect(leader1);
      for (let i = 0; i < 3; i++) mustPropose(lab, leader1);
      yield* one(lab, 2);
      const leader2 = yield* checkOneLeader(lab);
      lab.disconnect(leader2);
      lab.connect(leader1);
      yield* one(lab, 2);
      lab.connect(leader2);
      yield* one(lab, lab.servers);
    },
  },
];
