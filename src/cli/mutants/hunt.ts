import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Arena, Mutant, Patch } from "../../chaos/mutant.ts";
import { median } from "../../lib/stats.ts";
import { requireSources } from "../../runtime/self.ts";
import type { Hunt, Job } from "./job.ts";

const PLANT = join(import.meta.dir, "plant.ts");
const WORKER = join(import.meta.dir, "worker.ts");
/** So far apart that no two hunts of a mutant see the same seed. */
const STARTS_APART = 1_000_000;
/** A schedule that takes so much longer than the limit has hung. */
const HUNG_MS = 30_000;

/** How a mutant fared, over hunts from several start seeds. */
export type Finding = {
  readonly row: number;
  readonly name: string;
  /** Every hunt ended with an alarm. */
  readonly detected: boolean;
  /** The one that named it first most often; null when none did. */
  readonly detector: string | null;
  /** How often each detector was the first to name it. */
  readonly detectors: Readonly<Record<string, number>>;
  /** Schedules until the alarm, it included; null when not every hunt had one. */
  readonly schedulesMedian: number | null;
  readonly schedulesWorst: number | null;
  readonly wallMs: number;
  /** The first alarm; null when there was none. */
  readonly seed: number | null;
  readonly message: string | null;
};

export type HuntLimits = {
  readonly starts: number;
  readonly seedsMax: number;
  readonly wallMsMax: number;
};

/** Hunts one mutant, from each start seed in a process of its own, into which it is patched. */
export async function huntMutant(mutant: Mutant, limits: HuntLimits): Promise<Finding> {
  const startedAt = performance.now();
  const { starts, seedsMax } = limits;
  const wallMsMax = limits.wallMsMax / starts;
  const hunts: Hunt[] = [];
  for (let i = 0; i < starts; i++) {
    const start = 1 + i * STARTS_APART;
    const job = { arenas: [mutant.arena], start, seedsMax, wallMsMax, onlyFirst: true };
    hunts.push(await runWorker(mutant.patches, job));
  }
  return findingOf(mutant, limits, hunts, performance.now() - startedAt);
}

function findingOf(
  { row, name }: Mutant,
  { starts }: HuntLimits,
  hunts: readonly Hunt[],
  wallMs: number,
): Finding {
  const successes = hunts.filter((hunt) => hunt.alarms.length > 0);
  const detectors: Record<string, number> = {};
  for (const { alarms } of successes) {
    const { detector } = alarms[0]!;
    detectors[detector] = (detectors[detector] ?? 0) + 1;
  }
  const detected = successes.length === starts;
  const schedules = successes.map((hunt) => hunt.schedules);
  const first = successes[0]?.alarms[0];
  return {
    row,
    name,
    detected,
    detector: Object.entries(detectors).sort(([, a], [, b]) => b - a)[0]?.[0] ?? null,
    detectors,
    schedulesMedian: detected ? median(schedules) : null,
    schedulesWorst: detected ? Math.max(...schedules) : null,
    wallMs: Math.round(wallMs),
    seed: first?.seed ?? null,
    message: first?.message.split("\n")[0] ?? null,
  };
}

/** Runs seeds from `start` on, on the code as it is, in the arenas of the mutants. */
export function huntClean(arenas: readonly Arena[], start: number, seedsMax: number) {
  return runWorker([], { arenas, start, seedsMax, wallMsMax: 3_600_000, onlyFirst: false });
}

/** A worker that hangs is ended, which is an alarm too. Throws when it fails otherwise. */
async function runWorker(patches: readonly Patch[], job: Job): Promise<Hunt> {
  requireSources("ordeal mutants");
  const dir = await mkdtemp(join(tmpdir(), "ordeal-mutant-"));
  try {
    const plant = join(dir, "patches.json");
    await Bun.write(plant, JSON.stringify(patches));
    const child = Bun.spawn([process.execPath, "--preload", PLANT, WORKER, JSON.stringify(job)], {
      env: { ...process.env, ORDEAL_PLANT: plant },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let hung = false;
    const limitMs = job.wallMsMax + HUNG_MS;
    const limit = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, limitMs);
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const code = await child.exited;
    clearTimeout(limit);
    if (hung) return hangOf(job, limitMs);
    if (code !== 0) throw new Error(`the worker failed with ${code}:\n${err}`);
    return JSON.parse(out) as Hunt;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Which schedule it was is not known: a process in an endless loop cannot say. */
function hangOf({ start }: Job, wallMs: number): Hunt {
  const message = `a schedule did not end within ${HUNG_MS} ms`;
  const alarms = [{ seed: start, detector: "HANG", message }];
  return { schedules: 1, alarms, unknown: 0, wallMs };
}
