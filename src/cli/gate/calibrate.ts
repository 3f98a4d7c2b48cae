import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { thresholdsOf } from "../../bench/gate/calibrate.ts";
import { metricsOf } from "../../bench/gate/metrics.ts";
import { estimateText } from "../../bench/gate/plan.ts";
import { type GatePair, runPair } from "../../bench/gate/session.ts";
import { replaceFile } from "../../report/replace-file.ts";
import { table } from "../table.ts";
import { progressOf, runnerOf } from "./compare-arms.ts";
import { commandOf, type GateFlags, openArms, setupOf } from "./run.ts";
import { AA_FILE, type AaDocument, newAaDocument } from "./thresholds.ts";
import { withWorkplace } from "./workplace.ts";

/**
 * `ordeal gate --calibrate`: the head against itself, for as many pairs as a gate that extends, to see
 * by how much code differs from itself on this machine. Writes what later gates take their θ from.
 */
export async function calibrate(flags: GateFlags): Promise<void> {
  const setup = await setupOf(flags);
  const startedAt = new Date().toISOString();
  const document = await withWorkplace(flags.reports, async (place): Promise<AaDocument> => {
    const { seed, warmupMs, measureMs } = setup;
    const same = { ...flags, base: flags.head };
    const checkouts = place.checkouts(process.cwd());
    const { arms, suite } = await openArms(checkouts, same, setup, place);
    const pairs = 2 * setup.pairs;
    console.error(estimateText(pairs, suite.cases.length, warmupMs + measureMs));
    const metrics = metricsOf(suite.cases.map(({ name }) => name));
    const ran: GatePair[] = [];
    const onProgress = progressOf((line) => console.error(`  ${line}`));
    const runCase = runnerOf({ arms, warmupMs, measureMs, ...place });
    while (ran.length < pairs) {
      const left = pairs - ran.length;
      const step = { kind: "run", session: 0, pairs: left, metrics, why: "A/A" } as const;
      ran.push(await runPair(step, ran, { cases: suite.cases, seed, runCase, onProgress }));
    }
    return newAaDocument({
      ...{ startedAt, suite: suite.name, pairs },
      command: commandOf(` --calibrate --head ${flags.head}`, flags, setup),
      thresholds: thresholdsOf(metrics, ran, setup.pairs, seed),
    });
  });
  if (document === null) return;
  const path = flags.aa ?? AA_FILE;
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, `${JSON.stringify(document, null, 2)}\n`);
  if (flags.json) return console.log(JSON.stringify(document, null, 2));
  const rows = Object.entries(document.thresholds).map(([name, share]) => [
    name,
    `${(100 * share).toFixed(1)} %`,
  ]);
  console.log(`${table(["metric", "A/A, 90th percentile"], rows)}\n\nwritten to ${path}`);
}
