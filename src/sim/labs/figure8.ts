import { agree, ELECTION_MS, one } from "./checks.ts";
import type { Lab } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep } from "./script.ts";

const ROUNDS = 1_000;
/** From this round on replies come late and out of order. */
const REORDERING_FROM = 200;
/** Of five: enough for a majority. */
const UP_MIN = 3;

/** Lab 3C, continued: figure 8 of the paper, where counting replicas of an old entry loses it. */
export const FIGURE8: readonly LabScenario[] = [
  {
    name: "Figure8",
    lab: "3C",
    about: "1000 rounds that kill whoever leads, soon after a command; nothing applied is lost",
    servers: 5,
    *script(lab: Lab): Script {
      yield* one(lab, 1);
      for (let i = 0; i < ROUNDS; i++) {
        const leader = proposeToAll(lab);
        yield* sleep(pause(lab));
        if (leader !== 0) lab.crash(leader);
        const up = lab.ids.filter((id) => lab.node(id).isUp);
        const chosen = 1 + lab.random.below(lab.servers);
        if (up.length < UP_MIN && !lab.node(chosen).isUp) lab.restart(chosen);
      }
      lab.restart(...lab.ids.filter((id) => !lab.node(id).isUp));
      yield* one(lab, lab.servers);
    },
  },
  {
    name: "Figure8Unreliable",
    lab: "3C",
    about: "the same by cutting leaders off, over an unreliable network with late replies",
    servers: 5,
    weather: { unreliable: true },
    *script(lab: Lab): Script {
      yield* one(lab, 1);
      for (let i = 0; i < ROUNDS; i++) {
        if (i === REORDERING_FROM) lab.setWeather({ unreliable: true, longReordering: true });
        const leader = proposeToAll(lab);
        yield* sleep(pause(lab));
        if (leader !== 0 && lab.random.chance(0.5)) lab.disconnect(leader);
        const up = lab.ids.filter((id) => lab.isReachable(id));
        const chosen = 1 + lab.random.below(lab.servers);
        if (up.length < UP_MIN && !lab.isReachable(chosen)) lab.connect(chosen);
      }
      lab.connect(...lab.ids);
      yield* agree(lab, lab.fresh(), lab.servers);
    },
  },
];

/** Puts one command to every server. Returns a reachable one that took it, or 0. */
function proposeToAll(lab: Lab): number {
  const value = lab.fresh();
  const took = lab.ids.filter((id) => lab.node(id).isUp && lab.propose(id, value) !== null);
  return took.filter((id) => lab.isReachable(id)).at(-1) ?? 0;
}

const pause = (lab: Lab): number => lab.random.below(lab.random.chance(0.1) ? ELECTION_MS / 2 : 13);
