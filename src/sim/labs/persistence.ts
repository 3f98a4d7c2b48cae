import { agree, checkOneLeader, ELECTION_MS, fail, one } from "./checks.ts";
import type { Lab } from "./lab.ts";
import type { LabScenario } from "./scenario.ts";
import { type Script, sleep, type Task, until } from "./script.ts";

/** A disk that has writes under way whenever the power fails. */
const SLOW_DISK = { latencyMs: 1, jitterMs: 10 };

/**
 * Lab 3C: persistence. The labs fetch the state by a call before they kill a server, so that no write
 * is ever lost; here a kill is a power loss, and what was not durable is gone.
 */
export const PERSISTENCE: readonly LabScenario[] = [
  {
    name: "Persist1",
    lab: "3C",
    about: "commands survive a restart of all, of the leader, and of a follower",
    servers: 3,
    config: { disk: SLOW_DISK },
    *script(lab: Lab): Script {
      let number = yield* one(lab, lab.servers);
      lab.restart(...lab.ids);
      number = yield* next(lab, number, lab.servers);
      lab.restart(yield* checkOneLeader(lab));
      number = yield* next(lab, number, lab.servers);
      const leader = yield* checkOneLeader(lab);
      lab.crash(leader);
      const fourth = yield* agree(lab, lab.fresh(), lab.servers - 1);
      lab.restart(leader);
      const hasFourth = yield* until(lab.world, 5_000, () => lab.appliedBy(fourth) === lab.servers);
      lab.expect(hasFourth, `server ${leader} has not got index ${fourth} 5 s after its restart`);
      const follower = lab.after(yield* checkOneLeader(lab), 1);
      lab.crash(follower);
      number = yield* next(lab, lab.applied.numberOf(fourth), lab.servers - 1);
      lab.restart(follower);
      yield* next(lab, number, lab.servers);
    },
  },
  {
    name: "Persist2",
    lab: "3C",
    about: "majorities that share one server, each killed before the next starts, lose nothing",
    servers: 5,
    config: { disk: SLOW_DISK },
    *script(lab: Lab): Script {
      for (let i = 0; i < 5; i++) {
        yield* one(lab, lab.servers);
        const leader = yield* checkOneLeader(lab);
        const [next1, next2, next3, next4] = [1, 2, 3, 4].map((k) => lab.after(leader, k));
        lab.crash(next1!, next2!);
        yield* one(lab, lab.servers - 2);
        lab.crash(leader, next3!, next4!);
        lab.restart(next1!, next2!);
        yield* sleep(ELECTION_MS);
        lab.restart(next3!);
        yield* one(lab, lab.servers - 2);
        lab.restart(next4!, leader);
      }
      yield* agree(lab, "1000", lab.servers);
    },
  },
  {
    name: "Persist3",
    lab: "3C",
    about: "a leader and a follower killed, the follower that was cut off leads on with either",
    servers: 3,
    config: { disk: SLOW_DISK },
    *script(lab: Lab): Script {
      yield* agree(lab, "101", 3);
      const leader = yield* checkOneLeader(lab);
      lab.disconnect(lab.after(leader, 2));
      yield* agree(lab, "102", 2);
      lab.crash(leader, lab.after(leader, 1));
      lab.connect(lab.after(leader, 2));
      lab.restart(leader);
      yield* agree(lab, "103", 2);
      lab.restart(lab.after(leader, 1));
      yield* agree(lab, "104", lab.servers);
    },
  },
  {
    name: "UnreliableAgree",
    lab: "3C",
    about: "49 rounds of 5 commands, 4 of them at once, commit over an unreliable network",
    servers: 5,
    weather: { unreliable: true },
    *script(lab: Lab): Script {
      const tasks: Task<number>[] = [];
      for (let i = 1; i < 50; i++) {
        for (let k = 0; k < 4; k++) tasks.push(lab.spawn(one(lab, 1)));
        yield* one(lab, 1);
      }
      lab.setWeather({});
      const hasEnded = yield* until(lab.world, 10_000, () => tasks.every((task) => task.done));
      lab.expect(hasEnded, "commands proposed at once have not all committed");
      yield* agree(lab, "100", lab.servers);
    },
  },
];

/** One more command; that it is not the next number means that others were lost. */
function* next(lab: Lab, number: number, servers: number): Script<number> {
  const got = yield* one(lab, servers);
  // A command may have been taken twice: the first leader to take it was killed or deposed.
  return got > number ? got : fail(lab, `command ${got} came after command ${number}`);
}
