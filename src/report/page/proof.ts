import { shortestCycle } from "../../check/explain/arrows.ts";
import type { ProofArrow } from "../../check/explain/proof.ts";
import { duration } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { EvidenceOp } from "../schema.ts";

/** Bars and arrows that are drawn; a report from elsewhere may hold more. */
const BARS_MAX = 6;
const ARROWS_MAX = 8;

/** The same picture for wide and for narrow windows: scaling one would make its text unreadable. */
const WIDTHS = { wide: 1000, narrow: 336 } as const;
const ROW_PX = 84;
const TOP_PX = 4;
const EDGE_PX = 14;
const BAR_PX = 12;
const LINE_PX = 17;
/** Width of a character of the captions, at most. */
const CHAR_PX = 7.6;
const LABEL_PX = 7;
const BEND_PX = 14;

type Bar = { readonly x1: number; readonly x2: number; readonly y: number; readonly open: boolean };

/** Each arrow with its letter, and whether it is part of the contradiction. */
type Drawn = ProofArrow & { readonly letter: string; readonly isCycle: boolean };

/** The operations as bars over numbered events, and the orders that are forced on them as arrows. */
export function proofFigure(
  evidence: readonly EvidenceOp[],
  arrows: readonly ProofArrow[],
): Markup | null {
  if (evidence.length === 0) return null;
  const ops = evidence.slice(0, BARS_MAX);
  const known = arrows.filter(({ before, after }) => before in ops && after in ops);
  const cycle = shortestCycle(known) ?? [];
  const rest = known.filter((arrow) => !cycle.includes(arrow));
  const drawn = [...cycle, ...rest].slice(0, ARROWS_MAX).map((arrow, i): Drawn => ({
    ...arrow,
    letter: String.fromCharCode(65 + i),
    isCycle: cycle.includes(arrow),
  }));
  return html`<figure class="proof">
    <figcaption>
      ${ops.length === 1 ? "The operation that proves" : "The operations that prove"} it, in order
      of invocation. Each event takes one step: what overlaps is to scale, how long it took is not.
    </figcaption>
    ${picture(ops, drawn, "wide")} ${picture(ops, drawn, "narrow")} ${arrowList(drawn)}
  </figure>`;
}

function picture(
  ops: readonly EvidenceOp[],
  arrows: readonly Drawn[],
  size: keyof typeof WIDTHS,
): Markup {
  const width = WIDTHS[size];
  const bars = barsOf(ops, width);
  const height = TOP_PX + ops.length * ROW_PX;
  const spoken = ops.map((op, i) => `${i + 1}: client ${op.process}, ${op.text}, ${took(op)}`);
  return html`<svg
    class="${size}"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="${spoken.join("; ")}"
  >
    ${ops.map((_, i) => barOf(bars[i]!, i))} ${arrows.map((arrow) => arrowOf(arrow, bars))}
    ${ops.map((op, i) => caption(op, bars[i]!, i, width))}
    ${arrows.map((arrow) => arrowLabel(arrow, bars, width))}
  </svg>`;
}

/** Places of the bars; events without numbers go by the clock. */
function barsOf(ops: readonly EvidenceOp[], width: number): readonly Bar[] {
  const times = ops
    .flatMap((op) => [op.callUs, ...(op.returnUs === null ? [] : [op.returnUs])])
    .sort((a, b) => a - b);
  const numbers = ops.map(
    (op): readonly [number, number | null] =>
      op.events ?? [
        times.indexOf(op.callUs),
        op.returnUs === null ? null : times.lastIndexOf(op.returnUs),
      ],
  );
  const last = Math.max(1, times.length - (ops.some((op) => op.returnUs === null) ? 0 : 1));
  const x = (event: number): number =>
    Math.round(EDGE_PX + (Math.max(0, Math.min(event, last)) / last) * (width - 2 * EDGE_PX));
  return numbers.map(([call, ret], i) => ({
    x1: x(call),
    x2: ret === null ? width : Math.max(x(call) + 4, x(ret)),
    y: TOP_PX + i * ROW_PX + 2 * LINE_PX + 10,
    open: ret === null,
  }));
}

const barOf = ({ x1, x2, y, open }: Bar, i: number): Markup =>
  html`<rect
    class="bar b${i}${open ? " open" : ""}"
    x="${x1}"
    y="${y - BAR_PX / 2}"
    width="${x2 - x1}"
    height="${BAR_PX}"
    rx="3"
  />`;

function caption(op: EvidenceOp, bar: Bar, i: number, width: number): Markup {
  const room = Math.floor((width - 8) / CHAR_PX);
  const text = op.text.length > room ? `${op.text.slice(0, room - 1)}…` : op.text;
  const who = `${i + 1} · client ${op.process}`;
  const when = `, ${took(op)}`;
  const x = Math.max(
    2,
    Math.min(bar.x1, width - 4 - Math.max(text.length, (who + when).length) * CHAR_PX),
  );
  const y = bar.y - LINE_PX - 11;
  return html`<text x="${x}" y="${y}"
      ><tspan class="who">${who}</tspan><tspan class="took">${when}</tspan></text
    ><text class="op" x="${x}" y="${y + LINE_PX}">${text}</text>`;
}

const took = (op: EvidenceOp): string => {
  if (op.returnUs === null) return "never returned";
  return op.returnUs === op.callUs ? "returned" : `took ${duration(op.returnUs - op.callUs)}`;
};

/** In real time: from the end of a bar to the beginning of a later one. By value: around the bars. */
function arrowOf(arrow: Drawn, bars: readonly Bar[]): Markup {
  const [from, to] = [bars[arrow.before]!, bars[arrow.after]!];
  const { path, tip, turn } =
    arrow.why === "realTime" ? across(from, to) : to.y < from.y ? up(from, to) : down(from, to);
  const kind = `${arrow.why}${arrow.isCycle ? " cycle" : ""}`;
  return html`<g class="arrow ${kind}">
    <path d="${path}" />
    <path
      class="tip"
      d="M-9 -5L0 0L-9 5Z"
      transform="translate(${tip[0]} ${tip[1]}) rotate(${turn})"
    />
  </g>`;
}

type Line = {
  readonly path: string;
  readonly tip: readonly [number, number];
  readonly turn: number;
};

/** Out of the end of the earlier bar, down, and into the beginning of the later one. */
function across(from: Bar, to: Bar): Line {
  const bend = Math.max(2, Math.min(BEND_PX, (to.x1 - 8 - from.x2) / 2));
  const x = from.x2 + bend;
  const turn = `Q${x} ${from.y} ${x} ${from.y + bend}V${to.y - bend}Q${x} ${to.y} ${x + bend} ${to.y}`;
  return { path: `M${from.x2} ${from.y}${turn}H${to.x1 - 6}`, tip: [to.x1, to.y], turn: 0 };
}

const middle = ({ x1, x2 }: Bar): number => Math.round((x1 + x2) / 2);

/** Beneath the later bar to the left, and up to the earlier one. */
function up(from: Bar, to: Bar): Line {
  const [x1, x2] = [middle(from), Math.min(middle(to), middle(from) - 2 * BEND_PX)];
  const y = from.y + BAR_PX / 2 + BEND_PX + 6;
  const end = to.y + BAR_PX / 2;
  const path = `M${x1} ${from.y + BAR_PX / 2}V${y - BEND_PX}Q${x1} ${y} ${x1 - BEND_PX} ${y}H${x2 + BEND_PX}Q${x2} ${y} ${x2} ${y - BEND_PX}V${end + 6}`;
  return { path, tip: [x2, end], turn: -90 };
}

/** Down, and to the right into the beginning of the later bar. */
function down(from: Bar, to: Bar): Line {
  const x = Math.max(4, Math.min(middle(from), to.x1 - BEND_PX));
  const path = `M${x} ${from.y + BAR_PX / 2}V${to.y - BEND_PX}Q${x} ${to.y} ${x + BEND_PX} ${to.y}H${to.x1 - 6}`;
  return { path, tip: [to.x1, to.y], turn: 0 };
}

/** The reason beside the arrow, where there is nothing else: on its side of the staircase of bars. */
function arrowLabel(arrow: Drawn, bars: readonly Bar[], width: number): Markup {
  const [from, to] = [bars[arrow.before]!, bars[arrow.after]!];
  const text = `${arrow.letter} ${arrow.text}`;
  const length = text.length * LABEL_PX;
  const isUp = arrow.why === "value" && to.y < from.y;
  const wanted = isUp
    ? middle(to) + 10
    : arrow.why === "realTime"
      ? from.x2 + BEND_PX + 8
      : middle(from) + 10;
  const y = isUp ? from.y + BAR_PX / 2 + BEND_PX : from.y + BAR_PX / 2 + 14;
  const x = Math.max(2, Math.min(wanted, width - 4 - length));
  return html`<text class="why${arrow.isCycle ? " cycle" : ""}" x="${x}" y="${y}">${text}</text>`;
}

function arrowList(arrows: readonly Drawn[]): Markup | null {
  if (arrows.length === 0) return null;
  const line = ({ before, after, text, letter, isCycle }: Drawn): Markup =>
    html`<li class="${isCycle ? "cycle" : "ground"}">
      <b>${letter}</b> ${before + 1} must come before ${after + 1}: <span>${text}</span>
    </li>`;
  const circle = arrows.filter(({ isCycle }) => isCycle).map(({ letter }) => letter);
  return html`<ol class="arrows">
      ${arrows.map(line)}
    </ol>
    ${circle.length === 0 ? null : html`<p class="lead">${circle.join(" and ")} go round in a circle, so no order satisfies them.</p>`}`;
}
