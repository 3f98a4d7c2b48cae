import type { FrameFate, SimAction, SimSchedule } from "./api.ts";
import { runSchedule } from "./run.ts";

/** What a schedule without chance on its links does not do. */
const CHANCES = new Set(["loss", "duplicate", "reorder"]);

/**
 * The schedule with all that its links did by chance written down: frames that were lost, came twice
 * or were overtaken have a fate each, and nothing else befalls any. It fails in the same way if only
 * these frames mattered, and then fates can be taken away one by one. Runs the schedule once.
 */
export const settledFates = (schedule: SimSchedule): SimSchedule => ({
  ...withoutChance(schedule),
  fates: fatesOf(schedule),
});

/** The same object if there is no chance in it. */
export function withoutChance(schedule: SimSchedule): SimSchedule {
  const { config, actions } = schedule;
  const { loss, duplicate, reorder } = config.link;
  const calm = actions.filter((action) => !isChance(action));
  if (loss + duplicate + reorder === 0 && calm.length === actions.length) return schedule;
  const link = { ...config.link, loss: 0, duplicate: 0, reorder: 0 };
  return { ...schedule, config: { ...config, link }, actions: calm };
}

const isChance = (action: SimAction): boolean =>
  action.kind === "fault" && CHANCES.has(action.fault.kind);

type Flight = {
  readonly from: number;
  readonly to: number;
  readonly frame: number;
  readonly sentMs: number;
  readonly arrivesMs: number[];
  /** One sent later on the same link came first, or it never came. */
  odd: boolean;
};

/** The frames to which something happened, in the order in which they were sent. */
function fatesOf(schedule: SimSchedule): readonly FrameFate[] {
  const flights = new Map<number, Flight>();
  const offered = new Map<number, number>();
  /** By link: the last frame of it that has arrived. */
  const newest = new Map<number, number>();
  runSchedule(schedule, (atMs, event) => {
    if (event.kind === "send") {
      const { from, to } = event.message;
      const link = from * 256 + to;
      const frame = offered.get(link) ?? 0;
      offered.set(link, frame + 1);
      flights.set(event.id, { from, to, frame, sentMs: atMs, arrivesMs: [], odd: false });
    } else if (event.kind === "lost") {
      flights.get(event.id)!.odd = true;
    } else if (event.kind === "deliver") {
      const flight = flights.get(event.id)!;
      const link = flight.from * 256 + flight.to;
      const last = newest.get(link) ?? -1;
      if (flight.frame < last || flight.arrivesMs.length > 0) flight.odd = true;
      newest.set(link, Math.max(last, flight.frame));
      flight.arrivesMs.push(atMs - flight.sentMs);
    }
  });
  // One that never came though a later one did is held back still: as good as lost.
  return [...flights.values()]
    .filter(({ from, to, frame, arrivesMs, odd }) => {
      const overtaken = arrivesMs.length === 0 && frame < (newest.get(from * 256 + to) ?? -1);
      return odd || overtaken;
    })
    .map(({ from, to, frame, arrivesMs }) => ({ from, to, frame, arrivesMs }));
}
