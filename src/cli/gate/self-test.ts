import { join } from "node:path";
import type { LoadSuite } from "../../bench/dsl.ts";
import { type ArmName, spanText } from "../../bench/gate/plan.ts";
import { findSuites } from "../../bench/suites.ts";
import type { Comparison } from "../../report/compare/comparison.ts";
import { readCode } from "../../report/environment.ts";
import { writeComparison } from "../../report/compare/write.ts";
import { localTarget, localTargetAt } from "../../target/local.ts";
import { OWN_ROOT } from "../../runtime/self.ts";
import type { Target } from "../../target/target.ts";
import { table } from "../table.ts";
import type { Arms } from "./arms.ts";
import { compareArms } from "./compare-arms.ts";
import { plant, STALE_READS } from "./planted.ts";
import { exitOf, type GateFlags, type GateSetup, setupOf } from "./run.ts";
import type { SelfTestName } from "./self-test-names.ts";
import { slowed } from "./slowed.ts";
import { withWorkplace, type Workplace } from "./workplace.ts";

/**
 * Every answer takes so long, in both arms: what a busy machine adds to a request vanishes in it, and
 * the test is of the gate. How often noise misleads a gate is simulated (docs/gate.md). A client that
 * hears nothing for 300 ms would ask another node.
 */
const SERVICE_MS = 150;
const DELAY = 0.2;
const TIMES = { warmupMs: 500, measureMs: 1_500 } as const;
const CASE = "mixed, 16 clients";
/** Each has a connection of its own: only then is a delay exact. */
const CLIENTS = 16;
/** No disk: whoever else uses it would be measured too. */
const CLUSTER = { nodes: 3, storage: "memory" } as const;
const EXIT_SOFTWARE = 70;
const EXIT_UNKNOWN = 3;
/** A machine that changed meanwhile proves nothing, for or against the gate. */
const TRIES = 2;

type Part = Exclude<SelfTestName, "all">;

type Test = {
  readonly about: string;
  readonly must: string;
  readonly arms: (place: Workplace) => Targets;
  readonly isAsItMust: (comparison: Comparison) => boolean;
};
type Targets = Readonly<Record<ArmName, Target>>;

const answeringAfter = (ms: number): Target =>
  slowed(localTarget, (serviceMs) => Math.max(0, ms - serviceMs));

const hasRegressed = ({ metrics }: Comparison, part: string): boolean =>
  metrics.some(
    ({ metric, verdict }) => metric.name === `${CASE}: ${part}` && verdict === "regressed",
  );

const TESTS: Readonly<Record<Part, Test>> = {
  aa: {
    about: "the same code twice",
    must: "no regression, no violation",
    arms: () => {
      const same = answeringAfter(SERVICE_MS);
      return { base: same, head: same };
    },
    isAsItMust: ({ verdict }) => verdict === "pass" || verdict === "inconclusive",
  },
  delay: {
    about: "answers of the head take 20 % longer",
    must: "p50 regressed",
    arms: () => ({
      base: answeringAfter(SERVICE_MS),
      head: answeringAfter((1 + DELAY) * SERVICE_MS),
    }),
    isAsItMust: (found) => found.verdict === "regressed" && hasRegressed(found, "p50"),
  },
  bug: {
    about: "nodes of the head answer gets without asking a quorum, which is faster",
    must: "violated: not linearizable",
    arms: ({ workDir }) => {
      const root = join(workDir, "planted");
      plant(STALE_READS, root);
      return { base: localTarget, head: localTargetAt(root) };
    },
    isAsItMust: ({ verdict, checks }) =>
      verdict === "violated" &&
      checks.some((check) => check.name === "linearizable" && check.verdict === "fail"),
  },
};

type Outcome = {
  readonly test: Part;
  readonly must: string;
  readonly verdict: Comparison["verdict"];
  readonly exit: number;
  readonly ok: boolean;
  readonly summary: string;
  readonly durationMs: number;
  readonly report: string;
};

/** `ordeal gate --self-test`: exits with 0 when the gate fires where it must, and only there. */
export async function runSelfTest(
  which: SelfTestName,
  given: Omit<GateFlags, "base">,
): Promise<void> {
  const flags = { ...given, base: ".", suite: "gate" };
  const asked = await setupOf(flags);
  const setup = {
    ...asked,
    suite: await selfTestSuite(),
    warmupMs: flags.warmup === undefined ? TIMES.warmupMs : asked.warmupMs,
    measureMs: flags.measure === undefined ? TIMES.measureMs : asked.measureMs,
  };
  const parts = which === "all" ? (Object.keys(TESTS) as Part[]) : [which];
  const outcomes = await withWorkplace(flags.reports, async (place) => {
    const done: Outcome[] = [];
    for (const part of parts) done.push(await runTest(part, setup, flags.reports, place));
    return done;
  });
  if (outcomes === null) return;
  const ok = outcomes.every((outcome) => outcome.ok);
  if (flags.json) console.log(JSON.stringify({ ok, seed: setup.seed, tests: outcomes }, null, 2));
  else printOutcomes(outcomes, ok, which, setup.seed);
  const isUnproven = outcomes.every((outcome) => outcome.ok || outcome.exit === EXIT_UNKNOWN);
  process.exitCode = ok ? 0 : isUnproven ? EXIT_UNKNOWN : EXIT_SOFTWARE;
}

async function selfTestSuite(): Promise<LoadSuite> {
  const [suite] = await findSuites(["gate"]);
  if (suite?.kind !== "load") throw new Error("the suite gate is gone");
  const { load } = suite.cases.at(-1)!;
  const clients = { clients: CLIENTS, connections: CLIENTS };
  return { ...suite, cases: [{ name: CASE, cluster: CLUSTER, load: { ...load, ...clients } }] };
}

async function runTest(
  part: Part,
  setup: GateSetup,
  reports: string,
  place: Workplace,
): Promise<Outcome> {
  const { about, must, arms: targetsOf, isAsItMust } = TESTS[part];
  console.error(`self-test ${part}: ${about}; must be: ${must}`);
  const targets = targetsOf(place);
  const code = readCode(OWN_ROOT);
  const arms: Arms = {
    base: { label: "as it is", code, target: targets.base },
    head: { label: part === "aa" ? "as it is, again" : about, code, target: targets.head },
  };
  const suite = { ...setup.suite, name: `gate-self-test-${part}` };
  for (let attempt = 1; ; attempt++) {
    const seed = setup.seed + 10_000 * (attempt - 1);
    const comparison = await compareArms({
      ...{ ...setup, ...place, arms, suite, seed, thresholds: {} },
      tell: (line) => console.error(`  ${line}`),
      command: `ordeal gate --self-test ${part} --seed ${seed}`,
    });
    if (comparison.verdict === "unproven" && attempt < TRIES) {
      console.error(`  ${comparison.summary}: once more`);
      continue;
    }
    const { verdict, summary, durationMs } = comparison;
    const { json: report } = await writeComparison(comparison, reports);
    const ok = isAsItMust(comparison);
    return {
      test: part,
      must,
      verdict,
      exit: exitOf(comparison, false),
      ok,
      summary,
      durationMs,
      report,
    };
  }
}

function printOutcomes(
  outcomes: readonly Outcome[],
  ok: boolean,
  which: SelfTestName,
  seed: number,
): void {
  const rows = outcomes.map(({ test, must, verdict, exit, ok: isOk, durationMs }) => [
    ...[isOk ? "✔" : "✘", test, must, verdict, exit, spanText(durationMs)],
  ]);
  console.log(table(["", "test", "must be", "was", "exit code", "took"], rows));
  console.log("");
  for (const { test, summary, report } of outcomes) console.log(`${test}: ${summary}\n  ${report}`);
  console.log(ok ? "\nthe gate fires where it must" : "\nTHE GATE DID NOT DO WHAT IT MUST");
  console.log(`repeat  ordeal gate --self-test ${which} --seed ${seed}`);
}
