import { agree, ELECTION_MS, join } from "./checks.ts";
import type { Lab, Proposal } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep } from "./script.ts";

const CLIENTS = 3;
const ROUNDS = 20;
/** How long a client waits for its command before the next one: ms, in steps. */
const WAITS_MS = [10, 20, 50, 100, 200];

type Client = { stopped: boolean; readonly committed: string[] };

/** Lab 3C, continued: clients at work while servers come and go. */
export const CHURN: readonly LabScenario[] = [
  {
    name: "ReliableChurn",
    lab: "3C",
    about: "what a client saw committed while servers came and went is in the final log",
    servers: 5,
    script: churn,
  },
  {
    name: "UnreliableChurn",
    lab: "3C",
    about: "the same over an unreliable network",
    servers: 5,
    weather: { unreliable: true },
    script: churn,
  },
];

function* churn(lab: Lab): Script {
  const client: Client = { stopped: false, committed: [] };
  const clients = Array.from({ length: CLIENTS }, (_, me) => lab.spawn(work(lab, client, me)));
  for (let i = 0; i < ROUNDS; i++) {
    const [cut, back, killed] = [0, 1, 2].map(() => 1 + lab.random.below(lab.servers));
    if (lab.random.chance(0.2)) lab.disconnect(cut!);
    if (lab.random.chance(0.5)) {
      if (!lab.node(back!).isUp) lab.restart(back!);
      lab.connect(back!);
    }
    if (lab.random.chance(0.2)) lab.crash(killed!);
    // Long enough for a new leader, often too short for all to settle.
    yield* sleep(0.7 * ELECTION_MS);
  }
  yield* sleep(ELECTION_MS);
  lab.setWeather({});
  lab.restart(...lab.ids.filter((id) => !lab.node(id).isUp));
  lab.connect(...lab.ids);
  client.stopped = true;
  yield* join(lab, clients);
  yield* sleep(ELECTION_MS);
  const last = yield* agree(lab, lab.fresh(), lab.servers);
  lab.expect(lab.appliedBy(last) === lab.servers, "the last command is not on all servers");
  const final = new Set(lab.applied.values());
  const lost = client.committed.filter((value) => !final.has(value));
  lab.expect(lost.length === 0, `seen committed, and lost: ${lost.join(", ")}`);
  lab.expect(client.committed.length > 0, "nothing was committed during the churn");
}

/** Puts commands to whoever takes them, and remembers those that it saw applied. */
function* work(lab: Lab, client: Client, me: number): Script {
  while (!client.stopped) {
    const value = lab.fresh();
    let proposal: Proposal | null = null;
    for (const id of lab.ids) proposal = lab.propose(id, value) ?? proposal;
    if (proposal === null) {
      yield* sleep(79 + me * 17);
      continue;
    }
    for (const waitMs of WAITS_MS) {
      const applied = lab.applied.valueAt(proposal.index);
      if (applied === value) client.committed.push(value);
      if (applied !== null) break;
      yield* sleep(waitMs);
    }
  }
}
