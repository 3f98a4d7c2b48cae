import { type CheckResult, type CheckOptions, checkHistory } from "../check/check.ts";
import { evidence, shortName } from "../check/describe.ts";
import { proofOf } from "../check/explain/proof.ts";
import type { History } from "../history/op.ts";
import { clock, count, durationMs, rate } from "../report/format.ts";
import type { Check, Failover, Probes, Verdict } from "../report/schema.ts";
import { evaluateAim } from "./aims.ts";
import { failoversOf, termsWithTwoLeaders } from "./failovers.ts";
import { labChecks } from "./lab-checks.ts";
import { findLostAcks, firstWriteAck } from "./lost-acks.ts";
import { steadyThroughput } from "./play.ts";
import { probesOf } from "./probes.ts";
import type { Recording } from "./run.ts";
import { withSeen } from "./seen.ts";
import { sloChecks } from "./slo.ts";

/** How many operations a check shows as its proof. */
const EVIDENCE_MAX = 6;
/** How many lost writes are named in a line; a file beside the report names all (lost-writes.ts). */
const NAMED_MAX = 4;

export type Judgement = {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly failovers: readonly Failover[];
  readonly probes: Probes;
};

/** The verdict on a run, from its recording and its history. */
export function judge(recording: Recording, history: History, options: CheckOptions): Judgement {
  const { expect } = recording.scenario;
  const firstAck = firstWriteAck(history);
  const { recoveredUs, memory = [] } = recording;
  const untilUs = recoveredUs ?? Number.POSITIVE_INFINITY;
  const probes = probesOf({ ...recording, firstAck, untilUs });
  const checks = [
    ...(expect.includes("linearizable")
      ? [withSeen(linearizable(history, options), recording)]
      : []),
    ...(expect.includes("no-lost-acks") ? [noLostAcks(history)] : []),
    ...(expect.includes("one-leader-per-term") ? [oneLeaderPerTerm(recording)] : []),
    ...labChecks(recording.scenario.labs ?? [], recording, history),
    ...(recording.checks ?? []),
    ...shardsSettled(recording),
    recovered(recording, firstAck),
    nodesStayedUp(recording),
    ...noProcessLeft(recording),
    ...restarted(recording),
    ...sloChecks(recording.scenario.slo ?? {}, { ...recording, memory, history, probes }),
    // A load that a violation ended had no time for the faults that it was to meet.
    ...(recording.violation?.stopped === true ? [] : [notVacuous(recording)]),
  ];
  return {
    verdict: worst(checks.map((check) => check.verdict)),
    checks,
    probes,
    failovers: failoversOf(recording.bands, recording.events, firstAck),
  };
}

/** fail before unknown before pass; nothing checked is pass. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("fail")) return "fail";
  return verdicts.includes("unknown") ? "unknown" : "pass";
}

export function linearizable(history: History, options: CheckOptions): Check {
  const result = checkHistory(history, options);
  const { operations, arrows, window } = proofOf(history, result);
  return {
    name: "linearizable",
    verdict: result.kind,
    detail: describeResult(result),
    evidence: operations,
    ...(arrows.length === 0 ? {} : { arrows }),
    ...(window === null ? {} : { window }),
  };
}

function describeResult(result: CheckResult): string {
  switch (result.kind) {
    case "pass":
      return `${count(result.operations)} operations on ${count(result.keys)} keys`;
    case "fail":
      return `key ${shortName(result.key)}: ${result.sentence}`;
    case "unknown":
      return `${count(result.unsettled)} of ${count(result.keys)} keys unsettled: ${result.detail}`;
  }
}

export function noLostAcks(history: History): Check {
  const { lost, unread, acknowledged } = findLostAcks(history);
  const name = "no-lost-acks";
  const writes = `${count(acknowledged)} acknowledged writes`;
  if (lost.length > 0) {
    const named = evidence(
      history,
      lost.slice(0, NAMED_MAX).map(([row]) => row),
    );
    const rest = lost.length > named.length ? ", …" : "";
    const names = named.map(({ text }) => text).join(", ");
    const detail = `${count(lost.length)} of ${writes} are gone: ${names}${rest}`;
    const rows = lost.slice(0, EVIDENCE_MAX / 2).flat();
    return { name, verdict: "fail", detail, evidence: evidence(history, rows) };
  }
  if (unread.length > 0) {
    const keys = unread.slice(0, 5).map((key) => history.keys.name(key));
    const detail = `${count(unread.length)} keys could not be read at the end: ${keys.join(", ")}`;
    return { name, verdict: "unknown", detail, evidence: [] };
  }
  return { name, verdict: "pass", detail: `all ${writes} are there`, evidence: [] };
}

function oneLeaderPerTerm({ events, groupEvents = [] }: Recording): Check {
  const byGroup = Map.groupBy(groupEvents, ({ group }) => group);
  const doubles = [
    ...termsWithTwoLeaders(events),
    ...[...byGroup].flatMap(([group, own]) =>
      termsWithTwoLeaders(own).map((text) => `group ${group}: ${text}`),
    ),
  ];
  const all = [...events, ...groupEvents];
  const elections = all.filter((event) => event.kind === "becameLeader").length;
  const detail = doubles.length > 0 ? doubles.join("; ") : `${count(elections)} elections`;
  return plain("one-leader-per-term", doubles.length > 0 ? "fail" : "pass", detail);
}

function recovered(
  { recoveredUs, scenario, errors }: Recording,
  firstAck: ReturnType<typeof firstWriteAck>,
): Check {
  const name = "recovered";
  const limit = durationMs(scenario.recoverWithinMs);
  if (errors.length > 0) return plain(name, "fail", errors.join("; "));
  const ackUs = recoveredUs === null ? null : firstAck(recoveredUs, recoveredUs);
  if (recoveredUs === null || ackUs === null) {
    return plain(name, "fail", `no write was acknowledged after all faults were lifted`);
  }
  const tookMs = (ackUs - recoveredUs) / 1000;
  const detail = `first write acknowledged ${durationMs(tookMs)} after all faults were lifted, the limit is ${limit}`;
  return plain(name, tookMs <= scenario.recoverWithinMs ? "pass" : "fail", detail);
}

/** Of a sharded cluster: whether every group carried out every change, and who has what in the end. */
function shardsSettled({ scenario, configs, unsettled }: Recording): Check[] {
  if (scenario.cluster.sharded === undefined || unsettled === undefined) return [];
  const newest = configs?.at(-1);
  const detail =
    unsettled.length > 0
      ? unsettled.slice(0, EVIDENCE_MAX).join("; ")
      : `every group has adopted config ${newest?.num ?? "?"}, no shard is on its way`;
  return [plain("shards-settled", unsettled.length > 0 ? "fail" : "pass", detail)];
}

function nodesStayedUp({ failures }: Recording): Check {
  const detail = failures.length > 0 ? failures.join("; ") : "no node ended of itself";
  return plain("nodes-stayed-up", failures.length > 0 ? "fail" : "pass", detail);
}

/** Of a run that started processes. */
function noProcessLeft({ leftOver }: Recording): Check[] {
  if (leftOver === undefined) return [];
  const named = leftOver.map(({ pid, what }) => `${pid} (${what})`).join(", ");
  const detail = named === "" ? "every process of the run has ended" : `still there: ${named}`;
  return [plain("no-process-left", named === "" ? "pass" : "fail", detail)];
}

/** How long nodes took to be there again; told of every run that restarted some. */
function restarted({ starts, scenario, loadStartedUs }: Recording): Check[] {
  const again = starts.filter(({ atUs, outcome }) => atUs > loadStartedUs && outcome === "ready");
  if (again.length === 0) return [];
  const ms = again.map(({ atUs, doneUs }) => (doneUs - atUs) / 1000).sort((a, b) => a - b);
  const median = durationMs(ms[Math.floor((ms.length - 1) / 2)]!);
  const slowest = ms.at(-1)!;
  const limitMs = scenario.readyWithinMs ?? Number.POSITIVE_INFINITY;
  const limit = scenario.readyWithinMs === undefined ? "" : `, the limit is ${durationMs(limitMs)}`;
  const detail = `${count(ms.length)}×, ready after ${median} (median), ${durationMs(slowest)} (slowest)${limit}`;
  return [plain("restarted", slowest <= limitMs ? "pass" : "fail", detail)];
}

function notVacuous(recording: Recording): Check {
  const steady = steadyThroughput(recording);
  const firstUs = recording.bands[0]?.fromUs;
  const quiet =
    firstUs === undefined
      ? "no fault came into force"
      : `${rate(steady)} before the first fault at ${clock(firstUs - recording.loadStartedUs)}`;
  const aims = recording.scenario.aim.map((aim) => evaluateAim(aim, recording));
  const missed = (recording.neverTrue ?? []).map((what) => `never came true: ${what}`);
  const reached = aims.every((aim) => aim.reached) && steady > 0 && missed.length === 0;
  const detail = [quiet, ...aims.map((aim) => aim.detail), ...missed].join("; ");
  return plain("not-vacuous", reached ? "pass" : "fail", detail);
}

const plain = (name: string, verdict: Verdict, detail: string): Check => ({
  ...{ name, verdict, detail, evidence: [] },
});
