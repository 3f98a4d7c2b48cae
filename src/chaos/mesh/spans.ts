import type { Fault } from "../../fault/vocabulary.ts";
import { Prng } from "../../lib/prng.ts";
import { describeFault, isLift } from "../describe.ts";
import type { Schedule } from "../schedule.ts";
import { describeStage } from "../sequence.ts";
import type { LeftOut, Span, Who } from "./effect.ts";
import { effectsOf, isNobody, type Mapped } from "./effects-of.ts";
import { Pods } from "./pods.ts";

export type Plan = { readonly spans: readonly Span[]; readonly leftOut: readonly LeftOut[] };

export type PlanOptions = {
  readonly nodes: number;
  readonly seed: number;
  /** Where the nodes keep their data. */
  readonly volumePath: string;
};

/** A span that goes on. */
type Open = Omit<Span, "toMs"> & { readonly until: Extract<Mapped, { kind: "mapped" }>["until"] };

/**
 * What Chaos Mesh does for a schedule, and what it cannot do. Lifts of the schedule end spans; what is on
 * at the end ends there, as every run lifts all.
 */
export function planOf(schedule: Schedule, { nodes, seed, volumePath }: PlanOptions): Plan {
  const pods = new Pods(nodes, new Prng(seed).fork("chaos mesh"));
  const spans: Span[] = [];
  const leftOut: LeftOut[] = [];
  let open: Open[] = [];
  const close = (toMs: number, isOver: (one: Open) => boolean): void => {
    for (const { until: _, ...span } of open.filter(isOver)) {
      if (toMs > span.fromMs) spans.push({ ...span, toMs });
    }
    open = open.filter((one) => !isOver(one));
  };
  for (const { atMs, fault } of schedule.actions) {
    if (isLift(fault.kind)) {
      lift(fault, pods, (isOver) => close(atMs, isOver));
      continue;
    }
    const about = describeFault(fault);
    const mapped = effectsOf(fault, pods, volumePath);
    if (mapped.kind === "none") {
      leftOut.push({ atMs, about, why: mapped.why });
      continue;
    }
    const { parts, notes, until, lastsMs } = mapped;
    const begun = parts.filter(({ who }) => !isNobody(who));
    if (begun.length === 0) {
      leftOut.push({ atMs, about, why: "no node is left that it could act on" });
    }
    for (const { who, effect } of begun) {
      const span = { fromMs: atMs, who, effect, about, notes };
      if (lastsMs !== undefined) spans.push({ ...span, toMs: atMs + lastsMs });
      else open.push(...alone(who, until, nodes).map((one) => ({ ...span, who: one, until })));
    }
  }
  close(schedule.durationMs, () => true);
  for (const { atMs, stages } of schedule.sequences ?? []) {
    const about = stages.map((stage) => describeStage(stage, describeFault)).join(", then ");
    leftOut.push({ atMs, about, why: "it waits for conditions, which Chaos Mesh does not see" });
  }
  return { spans: merged(spans), leftOut };
}

/** Nodes that crash together may restart one by one. */
function alone(who: Who, until: Open["until"], nodes: number): readonly Who[] {
  if (until !== "restart" || who.kind === "some") return [who];
  const ids = who.kind === "all" ? Array.from({ length: nodes }, (_, i) => i + 1) : who.ids;
  return ids.map((id) => ({ kind: "nodes", ids: [id] }));
}

function lift(fault: Fault, pods: Pods, close: (isOver: (one: Open) => boolean) => void): void {
  if (fault.kind === "heal") close(({ until }) => until === "heal" || until === "unclog");
  if (fault.kind === "restart") {
    const ids = pods.restarted(fault.nodes);
    close(({ until, who }) => {
      if (until !== "restart") return false;
      return ids === null || (who.kind === "nodes" && who.ids.every((id) => ids.includes(id)));
    });
  }
  if (fault.kind !== "unclog") return;
  const who = pods.drawn(fault.nodes);
  close((one) => {
    if (one.until !== "unclog") return false;
    return who.kind === "all" || sameNodes(clogged(one), who);
  });
}

/** Whose clog it is: of the two halves of one, that of the links to a node names it as the target. */
const clogged = ({ who, effect }: Open): Who =>
  effect.kind === "NetworkChaos" && effect.target.kind === "nodes" ? effect.target : who;

const sameNodes = (a: Who, b: Who): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Spans that differ in nothing but the nodes are one; in order of time. */
function merged(spans: readonly Span[]): readonly Span[] {
  const byRest = new Map<string, Span>();
  for (const span of spans) {
    const { who, ...rest } = span;
    if (who.kind !== "nodes" || rest.effect.kind === "NetworkChaos") {
      byRest.set(JSON.stringify([span, byRest.size]), span);
      continue;
    }
    const key = JSON.stringify(rest);
    const known = byRest.get(key)?.who;
    const ids = known?.kind === "nodes" ? [...known.ids, ...who.ids] : who.ids;
    byRest.set(key, {
      ...span,
      who: { kind: "nodes", ids: [...new Set(ids)].sort((a, b) => a - b) },
    });
  }
  return [...byRest.values()].sort((a, b) => a.fromMs - b.fromMs);
}
