import { SCAN_KEYS_MAX, VALUE_BYTES_MAX } from "../kv/command.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { KEYS_MAX } from "./keys.ts";
import { ACTIONS, shareOf } from "./mix.ts";
import type { LoadSpec, Mix } from "./spec.ts";
import { VALUE_HEADER_BYTES } from "./values.ts";

export const CLIENTS_MAX = 65_536;
const GENERATORS_MAX = 64;
const RATE_MAX = 10_000_000;
const MS_MAX = 7 * 24 * 3_600_000;

/** Throws UserError with every problem of a spec whose types are right. */
export function checkLoadSpec(spec: LoadSpec): void {
  const problems: Problem[] = [];
  const within = (where: string, value: number, min: number, max: number, whole = true): void => {
    const fits = value >= min && value <= max && (!whole || Number.isInteger(value));
    if (fits) return;
    const what = `${value} is not ${whole ? "a whole number " : ""}from ${min} to ${max}`;
    problems.push({ where, what, fix: `give one from ${min} to ${max}` });
  };
  within("nodes", spec.address.nodes.length, 1, 1000);
  within("seed", spec.seed, 0, Number.MAX_SAFE_INTEGER);
  within("clients", spec.clients, 1, CLIENTS_MAX);
  within("connections", spec.connections, 1, Math.max(1, spec.clients));
  within("keys", spec.keys, 1, KEYS_MAX);
  within("valueBytes", spec.valueBytes, VALUE_HEADER_BYTES, VALUE_BYTES_MAX);
  within("timeoutMs", spec.timeoutMs, 1, MS_MAX, false);
  within("homeShare", spec.homeShare ?? 0, 0, 1, false);
  within("scanLength", spec.scanLength ?? 1, 1, SCAN_KEYS_MAX);
  if (spec.operations !== undefined) within("operations", spec.operations, 1, 1e12);
  if (spec.rate !== null) within("rate", spec.rate, 0.01, RATE_MAX, false);
  if (spec.durationMs !== null) within("durationMs", spec.durationMs, 1, MS_MAX, false);
  within("warmupMs", spec.warmupMs, 0, spec.durationMs ?? MS_MAX, false);
  problems.push(...mixProblems(spec.mix), ...generatorProblems(spec), ...scanProblems(spec));
  if (problems.length > 0) throw new UserError("the load cannot be run", problems);
}

function generatorProblems({ generators = 1, clients, history, operations }: LoadSpec): Problem[] {
  if (generators === 1) return [];
  const where = "generators";
  const problems: Problem[] = [];
  if (operations !== undefined) {
    const what = "a number of operations is counted by one process";
    problems.push({ where, what, fix: "use one generator" });
  }
  if (history !== null) {
    const what = `${generators} processes cannot record one history`;
    problems.push({ where, what, fix: "leave out the history, or use one generator" });
  }
  if (generators === "auto") return problems;
  const most = Math.min(GENERATORS_MAX, clients);
  if (!Number.isInteger(generators) || generators < 1 || generators > most) {
    const what = `${generators} is not a whole number from 1 to ${most}`;
    problems.push({ where, what, fix: `give one from 1 to ${most}: each needs a client` });
  }
  return problems;
}

/** A history is of single keys, and of one operation of each worker at a time. */
function scanProblems({ mix, history }: LoadSpec): Problem[] {
  if (shareOf(mix, "scan") === 0 || history === null) return [];
  const fix = "leave out the scans, or the history";
  return [{ where: "mix", what: "a scan of many keys cannot be recorded in a history", fix }];
}

function mixProblems(mix: Mix): Problem[] {
  const shares = ACTIONS.map((name) => shareOf(mix, name));
  const sum = shares.reduce((a, b) => a + b, 0);
  if (shares.every((share) => share >= 0) && Math.abs(sum - 1) < 1e-6) return [];
  const text = ACTIONS.map((name) => `${name}=${shareOf(mix, name)}`).join(",");
  const fix = "give shares from 0 to 1 that add up to 1, such as get=0.5,put=0.5";
  return [{ where: "mix", what: `${text} does not add up to 1`, fix }];
}
