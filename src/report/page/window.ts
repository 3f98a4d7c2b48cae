import type { HistoryWindow, WindowOperation } from "../../check/explain/window.ts";
import { clock, count, duration, plural } from "../format.ts";
import { familyOf } from "../fault-family.ts";
import { lanesOf } from "../lanes.ts";
import { html, type Markup } from "../markup.ts";
import type { FaultBand, Timeline } from "../schema.ts";
import { laneRow } from "./timeline.ts";

/** More than that were not written by this program. */
const OPERATIONS_MAX = 400;
const BANDS_MAX = 60;
/** Operations shown at first, if there are as many. */
const NEAR_MIN = 24;

/** The faults and leaders of the run, if the history is of one. */
export type Surroundings = { readonly timeline: Timeline | null; readonly nodes: number };

type Range = { readonly from: number; readonly to: number };

/** Where times become seconds since the start of the run, or stay numbers of events. */
type Scale = { readonly unit: HistoryWindow["unit"]; readonly origin: number };

const at = ({ unit, origin }: Scale, time: number): number =>
  unit === "us" ? (time - origin) / 1e6 : time - origin;
const css = (place: number): string => place.toFixed(6).replace(/\.?0+$/, "");

/**
 * What went on around a violation: a lane a client, over the faults and the leaders. What it shows
 * is --x0 to --x1, which window.client.js changes; without it, all of it is there.
 */
export function windowFigure(window: HistoryWindow, { timeline, nodes }: Surroundings): Markup {
  const ops = window.operations.slice(0, OPERATIONS_MAX);
  const origin = window.unit === "us" && timeline !== null ? timeline.startUs : ops[0]?.callUs;
  const scale: Scale = { unit: window.unit, origin: origin ?? 0 };
  const fault = window.unit === "us" && timeline !== null ? faultBefore(timeline, ops) : null;
  const all = widen(hull(rangeOf(ops, scale), fault, scale), 0.03);
  const core = coreRange(ops, scale, all);
  const lanes = clientLanes(ops, scale, core);
  return html`<figure
    class="window"
    data-from="${css(all.from)}"
    data-to="${css(all.to)}"
    data-core-from="${css(core.from)}"
    data-core-to="${css(core.to)}"
    data-unit="${window.unit}"
    style="--x0:${css(all.from)};--x1:${css(all.to)}"
  >
    <figcaption>
      <h4>Around it</h4>
      <p class="lead">
        ${summary(window, ops.length)}${fault === null ? null : ` Last fault before it: ${faultText(fault, scale.origin)}.`}
      </p>
      ${legend(ops)}
    </figcaption>
    ${CONTROLS}
    <p class="readout"><output aria-live="polite">${hint(window)}</output></p>
    <div
      class="plot"
      tabindex="0"
      role="group"
      aria-label="History around it. Left and right arrow keys move, plus and minus zoom, 0 shows everything, c goes back to it, up and down arrow keys go from operation to operation."
    >
      <div class="axis" aria-hidden="true"></div>
      <ul class="tracks">
        ${window.unit === "us" && timeline !== null ? surroundings(timeline, nodes, all) : null}
        ${lanes.map(([process, own]) => clientRow(process, own, scale, all))}
      </ul>
    </div>
  </figure>`;
}

const BUTTONS = [
  ["in", "Zoom in"],
  ["out", "Zoom out"],
  ["earlier", "Earlier"],
  ["later", "Later"],
  ["core", "Back to it"],
  ["all", "Everything"],
] as const;

const CONTROLS = html`<div class="controls" role="group" aria-label="What the window shows">
  ${BUTTONS.map(([name, label]) => html`<button type="button" data-do="${name}">${label}</button>`)}
</div>`;

const hint = ({ unit }: HistoryWindow): string =>
  `Drag to move${unit === "us" ? " in time" : ""}; click, then use the wheel to zoom. Point at an operation to read it.`;

function summary(window: HistoryWindow, shown: number): string {
  const left = window.leftOut + window.operations.length - shown;
  const rest = left === 0 ? "all there are" : `${count(left)} more on this key are left out`;
  const time = window.unit === "us" ? "" : " The recording has no clock: events are numbered.";
  return `${plural(shown, "operation")} on key ${window.key}, ${rest}.${time}`;
}

function legend(ops: readonly WindowOperation[]): Markup {
  const has = (outcome: string): boolean => ops.some((op) => op.outcome === outcome);
  const entries = [
    ["ok", "ok", has("ok")],
    ["refused", "refused", has("refused")],
    ["failed", "failed", has("failed")],
    ["unknown", "no answer", has("unknown")],
    ["core", ops.some(({ placed }) => placed > 0) ? "stuck here" : "proof", true],
    ["placed", "in the longest legal order", ops.some(({ placed }) => placed > 0)],
  ] as const;
  return html`<ul class="legend">
    ${entries
      .filter(([, , isThere]) => isThere)
      .map(([kind, word]) => html`<li><i class="swatch op ${kind}"></i>${word}</li>`)}
  </ul>`;
}

function rangeOf(ops: readonly WindowOperation[], scale: Scale): Range {
  const from = Math.min(...ops.map((op) => at(scale, op.callUs)));
  const to = Math.max(...ops.map((op) => at(scale, op.returnUs ?? op.callUs)));
  return ops.length === 0 ? { from: 0, to: 1 } : { from, to: Math.max(to, from + 1e-6) };
}

/** The fault that came into force last before the proof was over: what is near may lie after it. */
function faultBefore({ faults }: Timeline, ops: readonly WindowOperation[]): FaultBand | null {
  const ends = ops.filter(({ core }) => core > 0).map((op) => op.returnUs ?? op.callUs);
  const before = faults.filter(({ fromUs }) => ends.some((end) => fromUs <= end));
  return before.reduce<FaultBand | null>(
    (last, band) => (last === null || band.fromUs >= last.fromUs ? band : last),
    null,
  );
}

const hull = ({ from, to }: Range, fault: FaultBand | null, scale: Scale): Range =>
  fault === null
    ? { from, to }
    : { from: Math.min(from, at(scale, fault.fromUs)), to: Math.max(to, at(scale, fault.toUs)) };

const widen = ({ from, to }: Range, share: number): Range => ({
  from: from - (to - from) * share,
  to: to + (to - from) * share,
});

const within = (inner: Range, outer: Range): Range => ({
  from: Math.max(inner.from, outer.from),
  to: Math.min(inner.to, outer.to),
});

/** What is shown at first: the proof, and enough around it to see what went on. */
function coreRange(ops: readonly WindowOperation[], scale: Scale, all: Range): Range {
  const marked = ops.filter(({ core }) => core > 0);
  if (marked.length === 0) return all;
  const proof = rangeOf(marked, scale);
  let range = proof;
  for (let share = 0.4; share < 1e4; share *= 1.6) {
    range = within(widen(proof, share), all);
    const { from, to } = range;
    const isIn = (op: WindowOperation): boolean =>
      at(scale, op.callUs) <= to && at(scale, op.returnUs ?? op.callUs) >= from;
    if (ops.filter(isIn).length >= NEAR_MIN) break;
  }
  return range;
}

/** Clients of the proof first, then those that were busy nearest to it. */
function clientLanes(
  ops: readonly WindowOperation[],
  scale: Scale,
  core: Range,
): readonly (readonly [number, readonly WindowOperation[]])[] {
  const lanes = Map.groupBy(ops, (op) => op.process);
  const middle = (core.from + core.to) / 2;
  const distance = (own: readonly WindowOperation[]): number =>
    own.some((op) => op.core > 0)
      ? -1
      : Math.min(...own.map((op) => Math.abs(at(scale, op.callUs) - middle)));
  return [...lanes]
    .map((lane) => ({ lane, far: distance(lane[1]) }))
    .sort((a, b) => a.far - b.far || a.lane[0] - b.lane[0])
    .map(({ lane }) => lane);
}

const clientRow = (
  process: number,
  ops: readonly WindowOperation[],
  scale: Scale,
  all: Range,
): Markup =>
  html`<li>
    <span class="node"><span class="word">client </span>${process}</span>
    <div class="track">${ops.map((op) => operationBox(op, scale, all))}</div>
  </li>`;

function operationBox(op: WindowOperation, scale: Scale, all: Range): Markup {
  const from = at(scale, op.callUs);
  const to = op.returnUs === null ? all.to : at(scale, op.returnUs);
  const kind = [op.outcome, op.core > 0 ? "core" : "", op.placed > 0 ? "placed" : ""].join(" ");
  const place = op.placed > 0 ? `, number ${op.placed} of the legal order` : "";
  const text = `client ${op.process}: ${op.text}, ${when(op, scale)}${place}`;
  return html`<i
    class="op ${kind}"
    tabindex="-1"
    role="img"
    aria-label="${text}"
    style="--from:${css(from)};--to:${css(to)}"
    >${op.core > 0 ? op.core : null}</i
  >`;
}

function when(op: WindowOperation, scale: Scale): string {
  if (scale.unit === "event") {
    return `event ${op.callUs}${op.returnUs === null ? " on, never returned" : ` to ${op.returnUs}`}`;
  }
  const took =
    op.returnUs === null ? "never returned" : `took ${duration(op.returnUs - op.callUs)}`;
  return `called at ${clock(op.callUs - scale.origin)}, ${took}`;
}

/** A lane a node, with its leaderships and faults, and the faults of the whole cluster above. */
function surroundings(timeline: Timeline, nodes: number, all: Range): (Markup | null)[] {
  const isNear = ({ fromUs, toUs }: { fromUs: number; toUs: number }): boolean =>
    (toUs - timeline.startUs) / 1e6 > all.from && (fromUs - timeline.startUs) / 1e6 < all.to;
  const bands = timeline.faults.filter(isNear).slice(0, BANDS_MAX);
  const lanes = lanesOf(timeline, nodes).map((lane) => ({
    ...lane,
    spans: lane.spans.filter(isNear).slice(0, BANDS_MAX),
  }));
  const faults = html`<li class="bands">
    <span class="node">faults</span>
    <div class="track">${bands.map((band) => faultBox(band, timeline.startUs))}</div>
  </li>`;
  return [
    bands.length === 0 ? null : faults,
    ...lanes.map((lane) => laneRow(lane, timeline.startUs)),
  ];
}

function faultText({ label, fromUs, toUs, nodes }: FaultBand, startUs: number): string {
  const where = nodes.length === 0 ? "" : ` (node ${nodes.join(", ")})`;
  return `${label}${where}, ${clock(fromUs - startUs)} to ${clock(toUs - startUs)}`;
}

function faultBox(band: FaultBand, startUs: number): Markup {
  const { label, kind, fromUs, toUs } = band;
  const [from, to] = [(fromUs - startUs) / 1e6, (toUs - startUs) / 1e6];
  const text = faultText(band, startUs);
  return html`<div
    class="box band ${familyOf(kind)}"
    title="${text}"
    style="--from:${css(from)};--to:${css(to)}"
  >
    <b aria-hidden="true">${label}</b><span class="sr">${text}. </span>
  </div>`;
}
