import { suiteFor } from "../../bench/for-target.ts";
import type { LoadCase, LoadSuite } from "../../bench/dsl.ts";
import { CANARY_METRICS, metricsOf } from "../../bench/gate/metrics.ts";
import { estimateText } from "../../bench/gate/plan.ts";
import { findSuites } from "../../bench/suites.ts";
import { UserError } from "../../lib/user-error.ts";
import {
  type Comparison,
  COMPARISON_EXIT,
  EXIT_INCONCLUSIVE_STRICT,
} from "../../report/compare/comparison.ts";
import { comparisonAnnotations } from "../../report/compare/annotations.ts";
import { planGate } from "../../report/compare/paired.ts";
import { comparisonLines } from "../../report/compare/terminal.ts";
import { comparisonJson, writeComparison } from "../../report/compare/write.ts";
import { useColours } from "../colours.ts";
import { parseCount, parseDurationMs } from "../parse.ts";
import { randomSeed } from "../run-scenario.ts";
import { type Arms, armOf } from "./arms.ts";
import type { Checkouts } from "./checkouts.ts";
import { compareArms } from "./compare-arms.ts";
import { installPackages } from "./install.ts";
import { preflight } from "./preflight.ts";
import { readThresholds } from "./thresholds.ts";
import { withWorkplace, type Workplace } from "./workplace.ts";

/** What the modes of the gate have in common. */
export type GateFlags = {
  readonly base: string;
  readonly head: string;
  /** A module in the repository that exports a Target; absent: Ordeal's own nodes. */
  readonly target?: string | undefined;
  readonly suite: string;
  readonly measure?: string | undefined;
  readonly warmup?: string | undefined;
  readonly quick: boolean;
  readonly pairs: number;
  readonly seed?: number | undefined;
  readonly aa?: string | undefined;
  readonly strict: boolean;
  readonly reports: string;
  readonly json: boolean;
};

const QUICK = { warmupMs: 300, measureMs: 700 } as const;
const PAIRS_MAX = 500;

/** What the flags ask for, checked. */
export type GateSetup = {
  readonly suite: LoadSuite;
  readonly seed: number;
  readonly pairs: number;
  readonly warmupMs: number;
  readonly measureMs: number;
};

/** Throws UserError. */
export async function setupOf(flags: GateFlags): Promise<GateSetup> {
  const [suite] = await findSuites([flags.suite]);
  if (suite?.kind !== "load") {
    throw new UserError("nothing to gate", [
      { where: "--suite", what: `"${flags.suite}" puts no cluster under load`, fix: "use gate" },
    ]);
  }
  const times = flags.quick ? QUICK : suite;
  const { measure, warmup } = flags;
  const pairs = parseCount(flags.pairs, "--pairs", 1, PAIRS_MAX);
  // Throws where they are too few, before anything is started.
  planGate(metricsOf(suite.cases.map(({ name }) => name)), CANARY_METRICS, pairs);
  return {
    suite,
    pairs,
    seed: flags.seed === undefined ? randomSeed() : parseCount(flags.seed, "--seed", 0),
    warmupMs: warmup === undefined ? times.warmupMs : parseDurationMs(warmup, "--warmup"),
    measureMs: measure === undefined ? times.measureMs : parseDurationMs(measure, "--measure"),
  };
}

/** The flags that a command needs to do the same again. */
export function commandOf(mode: string, flags: GateFlags, { seed }: GateSetup): string {
  const given = (name: string, value: string | undefined): string =>
    value === undefined ? "" : ` --${name} ${value}`;
  return (
    `ordeal gate${mode} --seed ${seed}` +
    given("suite", flags.suite === "gate" ? undefined : flags.suite) +
    given("target", flags.target) +
    given("warmup", flags.warmup) +
    given("measure", flags.measure) +
    given("pairs", flags.pairs === 12 ? undefined : String(flags.pairs)) +
    given("aa", flags.aa) +
    (flags.quick ? " --quick" : "") +
    (flags.strict ? " --strict" : "")
  );
}

/** `ordeal gate --base REV --head REV`: sets the exit code. */
export async function runGateCommand(flags: GateFlags): Promise<void> {
  const setup = await setupOf(flags);
  const { thresholds, about } = readThresholds(flags.aa, setup.suite.name);
  const comparison = await withWorkplace(flags.reports, async (place) => {
    const checkouts = place.checkouts(process.cwd());
    const { arms, suite } = await openArms(checkouts, flags, setup, place);
    const { seed, pairs, warmupMs, measureMs } = setup;
    const estimate = estimateText(pairs, suite.cases.length, warmupMs + measureMs);
    console.error(`gate: ${arms.base.label} → ${arms.head.label}, seed ${seed}; ${about}`);
    console.error(`${estimate}; as long again if that leaves doubts, or to confirm a regression`);
    const command = commandOf(` --base ${flags.base} --head ${flags.head}`, flags, setup);
    return compareArms({
      ...{ arms, suite, pairs, seed, warmupMs, measureMs, thresholds, command },
      ...{ signal: place.signal, workDir: place.workDir },
      tell: (line) => console.error(`  ${line}`),
    }).catch((error: unknown) => {
      console.error(`repeat  ${command}`);
      throw error;
    });
  });
  if (comparison === null) return;
  await show(comparison, flags);
  process.exitCode = exitOf(comparison, flags.strict);
}

export const exitOf = ({ verdict }: Pick<Comparison, "verdict">, strict: boolean): number =>
  verdict === "inconclusive" && strict ? EXIT_INCONCLUSIVE_STRICT : COMPARISON_EXIT[verdict];

/** Checks out both revisions, and sees that the nodes of each start and answer. */
export async function openArms(
  checkouts: Checkouts,
  flags: Pick<GateFlags, "base" | "head" | "target">,
  setup: GateSetup,
  { signal, workDir }: Workplace,
): Promise<{ readonly arms: Arms; readonly suite: LoadSuite }> {
  const open = async (name: "base" | "head") => {
    const checkout = checkouts.add(name, flags[name]);
    const installed = await installPackages(checkout, checkouts.repository, signal);
    console.error(
      `${name}: ${checkout.label} (${checkout.code.commit.slice(0, 12)}), ${installed}`,
    );
    return armOf(checkout, flags.target);
  };
  const arms = { base: await open("base"), head: await open("head") };
  const { suite, skipped } = gateable(arms, setup.suite);
  for (const why of skipped) console.error(`  skipped ${why}`);
  const [first] = suite.cases;
  if (first === undefined) {
    const fix = "choose another suite";
    const problems = skipped.map((what) => ({ where: "--suite", what, fix }));
    throw new UserError(`suite "${suite.name}" cannot run`, problems);
  }
  for (const name of ["base", "head"] as const) {
    signal.throwIfAborted();
    await preflight(name, arms[name], first, workDir);
  }
  return { arms, suite };
}

/**
 * The cases that both arms can run, and whose histories tell all that happened: a key that was put
 * beforehand would look like one that was never written.
 */
function gateable(
  arms: Arms,
  wanted: LoadSuite,
): { readonly suite: LoadSuite; readonly skipped: readonly string[] } {
  const ofBase = suiteFor(arms.base.target, wanted);
  const { suite, skipped } = suiteFor(arms.head.target, ofBase.suite);
  const isWhole = ({ preloadKeys = 0, actions = [] }: LoadCase): boolean =>
    preloadKeys === 0 && actions.length === 0;
  const others = suite.cases.filter((loadCase) => !isWhole(loadCase));
  const why = "puts keys or breaks nodes besides its load, which a gate does not";
  return {
    suite: { ...suite, cases: suite.cases.filter(isWhole) },
    skipped: [...ofBase.skipped, ...skipped, ...others.map(({ name }) => `${name}: ${why}`)],
  };
}

/** Writes the documents of a comparison, and prints it. */
export async function show(
  comparison: Comparison,
  { reports, json }: Pick<GateFlags, "reports" | "json">,
): Promise<void> {
  const { html } = await writeComparison(comparison, reports);
  if (json) {
    process.stdout.write(comparisonJson(comparison));
    return;
  }
  const colour = useColours(process.stdout);
  console.log(comparisonLines(comparison, { colour, page: html }).join("\n"));
  // GitHub takes them from the output of a step.
  if (process.env["GITHUB_ACTIONS"] === "true") {
    for (const line of comparisonAnnotations(comparison)) console.log(line);
  }
}
