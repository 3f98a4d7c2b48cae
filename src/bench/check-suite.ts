import type { Problem } from "../lib/user-error.ts";
import type { FailoverCase, LoadCase, SweepCase } from "./dsl.ts";

/** What is wrong with a suite, piece by piece; nothing: it can run. */

export function checkName({ name }: { readonly name: string }): Problem[] {
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return [];
  const fix = "use small letters, digits and single hyphens, as in the name of its file";
  return [{ where: "name", what: `"${name}" is not kebab-case`, fix }];
}

export function checkSuite(suite: {
  readonly name: string;
  readonly cases: readonly LoadCase[];
}): Problem[] {
  const problems = [...checkName(suite), ...suite.cases.flatMap(checkCase)];
  const names = suite.cases.map((c) => c.name);
  for (const name of new Set(names.filter((n, i) => names.indexOf(n) !== i))) {
    problems.push({ where: "cases", what: `two are called "${name}"`, fix: "rename one" });
  }
  if (suite.cases.length === 0) {
    problems.push({ where: "cases", what: "there is none", fix: "give at least one" });
  }
  return problems;
}

/** Warm-up and measurement, and that what is done meanwhile is done within it, in order. */
export function checkTimes(suite: {
  readonly cases: readonly LoadCase[];
  readonly warmupMs: number;
  readonly measureMs: number;
}): Problem[] {
  const { warmupMs, measureMs } = suite;
  const problems: Problem[] = [];
  if (!(warmupMs >= 0))
    problems.push({ where: "warmupMs", what: `is ${warmupMs}`, fix: "use 0 or more" });
  if (!(measureMs > 0))
    problems.push({ where: "measureMs", what: `is ${measureMs}`, fix: "use more than 0" });
  for (const { name, actions = [] } of suite.cases) {
    const times = actions.map(({ atMs }) => atMs);
    const where = `case "${name}", actions`;
    if (times.some((atMs) => !(atMs >= 0 && atMs < measureMs))) {
      const what = "one is not within the measurement";
      problems.push({ where, what, fix: `use times from 0 to below ${measureMs}` });
    }
    if (times.some((atMs, i) => i > 0 && atMs < times[i - 1]!)) {
      problems.push({ where, what: "they are not in order of time", fix: "sort them by atMs" });
    }
  }
  return problems;
}

export function atLeastOne(where: string, value: number): Problem[] {
  if (value >= 1 && Number.isInteger(value)) return [];
  return [{ where, what: `is ${value}`, fix: "use 1 or more" }];
}

export function checkPlan({ name, plan, load, actions }: SweepCase): Problem[] {
  const where = `case "${name}", plan`;
  const problems: Problem[] = [...atLeastOne(`${where}.stepsMax`, plan.stepsMax)];
  const need = (holds: boolean, what: string, fix: string): void =>
    void (holds || problems.push({ where, what, fix }));
  need(plan.sloP99Ms > 0, `sloP99Ms is ${plan.sloP99Ms}`, "use more than 0");
  need(plan.fromRate >= 1, `fromRate is ${plan.fromRate}`, "use 1 or more");
  need(plan.toRate >= plan.fromRate, "toRate is below fromRate", "make it at least that");
  need(plan.precision > 1, `precision is ${plan.precision}`, "use a ratio above 1, such as 1.1");
  need(load.rate === null, `the load has a rate of its own, ${load.rate}`, "leave it null");
  need(actions === undefined, "a sweep does nothing to its clusters", "leave out the actions");
  return problems;
}

export function checkFailoverCase({
  name,
  cluster,
  load,
  actions,
  preloadKeys,
}: FailoverCase): Problem[] {
  const where = `case "${name}"`;
  const problems: Problem[] = [];
  if (cluster.nodes < 3) {
    const what = `${cluster.nodes} nodes have no majority without their leader`;
    problems.push({ where, what, fix: "use 3 or more" });
  }
  if (load.mix.put === 0) {
    problems.push({ where, what: "nothing is written", fix: "give the mix puts" });
  }
  if (actions !== undefined || preloadKeys !== undefined) {
    const what = "actions and preloadKeys have no part in it";
    problems.push({ where, what, fix: "leave them out" });
  }
  return problems;
}

function checkCase({ name, cluster, load, preloadKeys = 0 }: LoadCase): Problem[] {
  const problems: Problem[] = [];
  const { get, put, cas, append, delete: remove, rmw = 0, scan = 0 } = load.mix;
  const sum = get + put + cas + append + remove + rmw + scan;
  if (Math.abs(sum - 1) > 1e-9) {
    const what = `shares add up to ${sum}, not 1`;
    problems.push({ where: `case "${name}", mix`, what, fix: "make them add up to 1" });
  }
  if (load.connections > load.clients) {
    const what = `${load.connections} connections for ${load.clients} clients`;
    problems.push({ where: `case "${name}", connections`, what, fix: "use at most one a client" });
  }
  if (cluster.nodes < 1 || cluster.nodes > 9) {
    const what = `${cluster.nodes} nodes`;
    problems.push({ where: `case "${name}", cluster`, what, fix: "use 1 to 9" });
  }
  if (!(preloadKeys >= 0 && preloadKeys <= load.keys)) {
    const what = `${preloadKeys} of ${load.keys} keys`;
    problems.push({ where: `case "${name}", preloadKeys`, what, fix: "use 0 to the load's keys" });
  }
  return problems;
}
