import { VALUE_BYTES_MAX } from "../kv/command.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { KEYS_MAX } from "./keys.ts";
import { ACTIONS } from "./mix.ts";
import type { LoadSpec, Mix } from "./spec.ts";
import { VALUE_HEADER_BYTES } from "./values.ts";

export const CLIENTS_MAX = 65_536;
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
  if (spec.rate !== null) within("rate", spec.rate, 0.01, RATE_MAX, false);
  if (spec.durationMs !== null) within("durationMs", spec.durationMs, 1, MS_MAX, false);
  within("warmupMs", spec.warmupMs, 0, spec.durationMs ?? MS_MAX, false);
  problems.push(...mixProblems(spec.mix));
  if (problems.length > 0) throw new UserError("the load cannot be run", problems);
}

function mixProblems(mix: Mix): Problem[] {
  const shares = ACTIONS.map((name) => mix[name]);
  const sum = shares.reduce((a, b) => a + b, 0);
  if (shares.every((share) => share >= 0) && Math.abs(sum - 1) < 1e-6) return [];
  const text = ACTIONS.map((name) => `${name}=${mix[name]}`).join(",");
  const fix = "give shares from 0 to 1 that add up to 1, such as get=0.5,put=0.5";
  return [{ where: "mix", what: `${text} does not add up to 1`, fix }];
}
