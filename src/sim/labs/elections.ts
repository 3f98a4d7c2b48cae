import { checkNoLeader, checkOneLeader, checkTerms, ELECTION_MS } from "./checks.ts";
import type { Lab } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep } from "./script.ts";

/** Lab 3A: leader election. */
export const ELECTIONS: readonly LabScenario[] = [
  {
    name: "InitialElection",
    lab: "3A",
    about: "one leader, one term, and the same leader as long as nothing fails",
    servers: 3,
    *script(lab: Lab): Script {
      const leader = yield* checkOneLeader(lab);
      // Servers may not have heard of the term when the leader is found.
      yield* sleep(50);
      const term = checkTerms(lab);
      lab.expect(term >= 1, `the term is ${term}`);
      yield* sleep(2 * ELECTION_MS);
      // The lab only warns here; without a failure there is no reason for another term.
      lab.expect(checkTerms(lab) === term, "the term changed though nothing failed");
      lab.expect(
        (yield* checkOneLeader(lab)) === leader,
        "the leader changed though nothing failed",
      );
    },
  },
  {
    name: "ReElection",
    lab: "3A",
    about: "a new leader when the old one is cut off; none without a majority",
    servers: 3,
    *script(lab: Lab): Script {
      const leader1 = yield* checkOneLeader(lab);
      lab.disconnect(leader1);
      yield* checkOneLeader(lab);
      lab.connect(leader1);
      const leader2 = yield* checkOneLeader(lab);
      lab.disconnect(leader2, lab.after(leader2, 1));
      yield* sleep(2 * ELECTION_MS);
      checkNoLeader(lab);
      // Not asked by the lab: one that is cut off gives up its office too (thesis §6.2).
      lab.expect(
        lab.node(leader2).status?.role !== "leader",
        `server ${leader2} still leads alone`,
      );
      lab.connect(lab.after(leader2, 1));
      yield* checkOneLeader(lab);
      lab.connect(leader2);
      yield* checkOneLeader(lab);
    },
  },
  {
    name: "ManyElections",
    lab: "3A",
    about: "a leader each time that 3 of 7 servers are cut off and come back",
    servers: 7,
    *script(lab: Lab): Script {
      yield* checkOneLeader(lab);
      for (let i = 1; i < 10; i++) {
        const cut = [0, 1, 2].map(() => 1 + lab.random.below(lab.servers));
        lab.disconnect(...cut);
        yield* checkOneLeader(lab);
        lab.connect(...cut);
        yield* checkOneLeader(lab);
      }
    },
  },
];
