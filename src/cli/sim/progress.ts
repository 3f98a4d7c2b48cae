import type { Screen } from "../../dashboard/terminal.ts";
import { cells, openBar, type ProgressBar, secondsLeft } from "../progress-bar.ts";
import { speedOf, type Tally } from "./tally.ts";

export const openProgress = (screen: Screen, total: number): ProgressBar<Tally> =>
  openBar(screen, (tally) => barLine(tally, total));

/** `███████░░░░  312/1000 schedules · 540 simulated s/s · 35 s left` */
export function barLine(tally: Tally, total: number): string {
  const { schedules, wallMs } = tally;
  const leftS = secondsLeft(schedules, total, wallMs);
  const speed = speedOf(tally).simulatedPerSecond;
  return `${cells(schedules, total)}  ${schedules}/${total} schedules · ${speed} simulated s/s · ${leftS} s left`;
}
