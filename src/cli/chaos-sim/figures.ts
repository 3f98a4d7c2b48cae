import type { Tick } from "../../chaos/timeline.ts";
import { DONE_FAIL, DONE_INFO, DONE_MISMATCH, DONE_OK } from "../../client/ports.ts";
import {
  type History,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET } from "../../kv/command.ts";
import { LoadMetrics } from "../../workload/metrics.ts";
import {
  ACTION_APPEND,
  ACTION_CAS,
  ACTION_DELETE,
  ACTION_GET,
  ACTION_PUT,
} from "../../workload/mix.ts";
import type { LoadResult, LoadShape } from "../../workload/spec.ts";

const TICK_MS = 100;
const DONE_OF: Readonly<Record<number, number>> = {
  [OUTCOME_OK]: DONE_OK,
  [OUTCOME_FAIL]: DONE_FAIL,
  [OUTCOME_MISMATCH]: DONE_MISMATCH,
  [OUTCOME_INFO]: DONE_INFO,
};

type Done = {
  readonly action: number;
  readonly outcome: number;
  readonly fromMs: number;
  readonly toMs: number;
};

/** The ticks and figures that a generator would have told of a simulated load, from its history. */
export function figuresOf(
  history: History,
  load: LoadShape,
  untilMs: number,
): { readonly ticks: readonly Tick[]; readonly result: LoadResult } {
  const metrics = new LoadMetrics(load);
  metrics.setEnd(untilMs);
  const done = completions(history, load.timeoutMs).filter(({ fromMs }) => fromMs < untilMs);
  const ticks: Tick[] = [];
  const endMs = Math.max(untilMs, done.at(-1)?.toMs ?? 0);
  let next = 0;
  for (let atMs = TICK_MS; atMs < endMs + TICK_MS; atMs += TICK_MS) {
    for (let op = done[next]; op !== undefined && op.toMs < atMs; op = done[++next]) {
      metrics.done(op.action, op.outcome, op.fromMs, op.fromMs, op.toMs);
    }
    const told = metrics.takeTick();
    ticks.push({ kind: "tick", atUs: atMs * 1000, intervalMs: TICK_MS, ...told });
  }
  const facts = { startedAtUs: 0, measuredMs: untilMs, cpu: 0, unread: 0 };
  return { ticks, result: metrics.result(facts) };
}

/** In order of their ends. What was given up ended with its timeout, whatever the log tells of it. */
function completions(history: History, timeoutMs: number): readonly Done[] {
  return Array.from({ length: history.count }, (_, row): Done => {
    const fromMs = history.callUs[row]! / 1000;
    const tookMs = history.returnUs[row]! / 1000 - fromMs;
    const isGivenUp = history.outcome[row] === OUTCOME_INFO || tookMs > timeoutMs;
    return {
      action: actionOf(history, row),
      outcome: isGivenUp ? DONE_INFO : DONE_OF[history.outcome[row]!]!,
      fromMs,
      toMs: isGivenUp ? fromMs + timeoutMs : fromMs + tookMs,
    };
  }).sort((a, b) => a.toMs - b.toMs);
}

function actionOf({ op, expected }: History, row: number): number {
  if (op[row] === OP_GET) return ACTION_GET;
  if (op[row] === OP_APPEND) return ACTION_APPEND;
  if (op[row] === OP_DELETE) return ACTION_DELETE;
  return expected[row]! >= 0 ? ACTION_CAS : ACTION_PUT;
}
