import { count, plural } from "../../report/format.ts";
import { replayLines } from "../replay/recordings.ts";
import type { Simulated } from "./in-simulator.ts";
import type { Rate } from "./on-processes.ts";
import type { Replayed } from "./replayed.ts";
import type { Reproduction } from "./reproduce.ts";

/** What came of it, in lines for a terminal. */
export function reproductionLines(found: Reproduction): readonly string[] {
  const { check, repeat, replayed, again, simulated, shrunkOnProcesses, smallest, run } = found;
  return [
    ...row("failed", `${check}, in ${run}`),
    ...row("repeat", repeat),
    ...row("again", `the same run on real processes: ${rateText(again)}`),
    ...replayRows(replayed),
    ...simulatorRows(simulated),
    ...(shrunkOnProcesses === null
      ? []
      : row("", `its ${faultsText(simulated)} on real processes: ${rateText(shrunkOnProcesses)}`)),
    ...(smallest === null
      ? row("smallest", `nothing to shrink on real processes: ${whyWhole(found)}`)
      : [
          ...row(
            "smallest",
            `${smallest.faults} of ${plural(smallest.faultsBefore, "fault")} and lifts: ${rateText(smallest)}`,
          ),
          ...(smallest.isMinimal ? [] : row("", "the time was up: fewer may do (--shrink 5m)")),
          ...row("", smallest.command),
        ]),
  ];
}

const whyWhole = ({ again, check }: Reproduction): string =>
  again.failed === 0 ? "it did not fail again" : `"${check}" is about what the faults bring about`;

const faultsText = (simulated: Simulated): string =>
  simulated.kind === "reproduced" && simulated.schedule.actions.length > 0
    ? plural(simulated.schedule.actions.length, "fault")
    : "load, without any fault,";

const row = (name: string, text: string): string[] => [`  ${name.padEnd(10)} ${text}`];

/** `fails in 3 of 5 runs`. */
export const rateText = ({ failed, runs }: Rate): string =>
  failed === 0 ? `held in all of ${plural(runs, "run")}` : `fails in ${failed} of ${runs} runs`;

export function replayRows(replayed: Replayed): string[] {
  switch (replayed.kind) {
    case "none":
      return row("replay", "the run was not recorded (--record); runs that fail here are");
    case "identical": {
      const { recordings, inputs } = replayed;
      const what = `${plural(recordings, "node")}, ${count(inputs)} inputs`;
      return row("replay", `the cores do again what they did: ${what}`);
    }
    case "differs": {
      const [first, ...rest] = replayLines(replayed.first);
      return [...row("replay", first!), ...rest.flatMap((line) => row("", line))];
    }
  }
}

function simulatorRows(simulated: Simulated): string[] {
  switch (simulated.kind) {
    case "skipped":
      return row("simulator", `not tried: ${simulated.reason}`);
    case "held":
      return row(
        "simulator",
        `the same faults broke nothing in ${plural(simulated.seeds, "seed")}`,
      );
    case "reproduced": {
      const { violation, kept, seed, seeds } = simulated;
      const what = violation.message.split("\n")[0]!;
      return [
        ...row("simulator", `seed ${seed}, the ${ordinal(seeds)}: ${violation.invariant}: ${what}`),
        ...row("", `shrunk from ${kept.eventsBefore} events to ${kept.events}`),
        ...row("", `ordeal sim --replay ${kept.schedule}`),
      ];
    }
  }
}

const ordinal = (n: number): string =>
  n === 1 ? "first tried" : n === 2 ? "second tried" : n === 3 ? "third tried" : `${n}th tried`;
