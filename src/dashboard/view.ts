import pc from "picocolors";
import type { NodeStatus, ShardsStatus } from "../target/target.ts";
import { shardLines } from "./shards-view.ts";

/** What the live view shows of a run. */
export type RunView = {
  readonly title: string;
  readonly seed: number;
  readonly phase: string;
  readonly elapsedMs: number;
  readonly durationMs: number;
  readonly nodes: readonly NodeStatus[];
  /** Of a sharded cluster. */
  readonly shards?: ShardsStatus | undefined;
  /** In force now; `nodes` whom they hit. */
  readonly faults: readonly { readonly label: string; readonly nodes: readonly number[] }[];
  readonly throughput: number;
  readonly p99Us: number | null;
  readonly total: { readonly ok: number; readonly fail: number; readonly info: number };
  /** ok operations a second over time, oldest first. */
  readonly curve: readonly number[];
  /** The first violation that was seen so far, in a sentence. */
  readonly violation?: string | undefined;
};

export type Paint = (text: string) => string;
/** A piece of a line. Every character used here is one column wide. */
export type Segment = { readonly text: string; readonly paint?: Paint };
export type Colors = ReturnType<typeof pc.createColors>;

/** Below this many columns the pid and the lag bar are left out. */
const WIDE = 60;
const SPARKS = "▁▂▃▄▅▆▇█";
const LAG_BAR = 10;

/** The view as lines of at most `width` columns. Without `colors` it has no escape sequences. */
export function renderView(view: RunView, width: number, colors: boolean): string[] {
  const c = pc.createColors(colors);
  const lines: Segment[][] = [
    ...head(view, width, c),
    [],
    nodeHead(width, c),
    ...view.nodes.map((node) => nodeLine(node, view.nodes, width, c)),
    [],
    ...shardSegments(view, width, c),
    figures(view, c),
    totals(view, c),
    faultLine(view, c),
    ...violationLines(view, c),
    [{ text: sparkline(view.curve, width), paint: c.cyan }],
  ];
  return lines.map((line) => fit(line, width));
}

/** One line for a log: `12.0 s  running  4,312/s  p99 8.1 ms  leader 3 (term 5)  crash leader → 2`. */
export function renderPlain(view: RunView): string {
  if (view.nodes.length === 0) return `${view.title}, seed ${view.seed}: ${view.phase}`;
  const leader = leaderOf(view.nodes);
  return [
    seconds(view.elapsedMs).padStart(7),
    view.phase,
    `${grouped(view.throughput)}/s`,
    `p99 ${latency(view.p99Us)}`,
    leader === null ? "no leader" : `leader ${leader.id} (term ${leader.term})`,
    ...(view.shards === undefined ? [] : [`config ${view.shards.config.num}`]),
    ...view.faults.map(faultText),
    ...(view.violation === undefined ? [] : [`VIOLATION ${view.violation}`]),
  ].join("  ");
}

/** Name, seed and phase, then time; on one line where there is room. */
function head(view: RunView, width: number, c: Colors): Segment[][] {
  const name: Segment[] = [
    { text: view.title, paint: c.bold },
    { text: `  seed ${view.seed}  ${view.phase}`, paint: c.dim },
  ];
  const time = `${seconds(view.elapsedMs)} / ${seconds(view.durationMs)} `;
  const nameColumns = name.reduce((sum, { text }) => sum + text.length, 2);
  const oneLine = width - nameColumns - time.length >= 8;
  const room = width - time.length - (oneLine ? nameColumns : 0);
  const bar = elapsedBar(view.elapsedMs / view.durationMs, Math.max(0, Math.min(room, 24)));
  const clock: Segment[] = [
    { text: time, paint: c.dim },
    { text: bar, paint: c.green },
  ];
  return oneLine ? [[...name, { text: "  " }, ...clock]] : [name, clock];
}

function nodeHead(width: number, c: Colors): Segment[] {
  const head = `node ${"role".padEnd(15)}${"term".padStart(5)}${"commit".padStart(9)}`;
  const tail = width >= WIDE ? `  ${"lag".padEnd(LAG_BAR + 8)}   pid` : "lag".padStart(6);
  return [{ text: head + tail, paint: c.dim }];
}

function nodeLine(
  node: NodeStatus,
  nodes: readonly NodeStatus[],
  width: number,
  c: Colors,
): Segment[] {
  const known = node.role !== "down" && node.role !== "paused";
  const { mark, paint } = roleStyle(node.role, c);
  const highest = Math.max(...nodes.map(({ commitIndex }) => commitIndex));
  const lag = Math.max(0, highest - node.commitIndex);
  const figure = (n: number, columns: number): string =>
    (known ? grouped(n) : "–").padStart(columns);
  const line: Segment[] = [
    { text: String(node.id).padEnd(5) },
    { text: `${mark} ${node.role}`.padEnd(15), paint },
    { text: figure(node.term, 5) + figure(node.commitIndex, 9) },
  ];
  if (width < WIDE) return [...line, { text: figure(lag, 6) }];
  const bar = known ? lagBar(lag) : "";
  return [
    ...line,
    { text: `  ${bar.padEnd(LAG_BAR)}`, paint: lag > 1000 ? c.yellow : c.dim },
    { text: `${figure(lag, 8)}   ` },
    { text: node.pid > 0 ? String(node.pid) : "–", paint: c.dim },
  ];
}

export function roleStyle(
  role: NodeStatus["role"],
  c: Colors,
): { readonly mark: string; readonly paint: Paint } {
  switch (role) {
    case "leader":
      return { mark: "★", paint: (text) => c.bold(c.green(text)) };
    case "follower":
      return { mark: "·", paint: (text) => text };
    case "candidate":
    case "preCandidate":
      return { mark: "?", paint: c.yellow };
    case "paused":
      return { mark: "‖", paint: c.magenta };
    case "down":
      return { mark: "✗", paint: c.red };
  }
}

function figures(view: RunView, c: Colors): Segment[] {
  return [
    { text: grouped(view.throughput), paint: c.bold },
    { text: " ops/s   p99 " },
    { text: latency(view.p99Us), paint: c.bold },
  ];
}

/** The map of a sharded cluster, with a blank line after it. */
function shardSegments({ shards }: RunView, width: number, c: Colors): Segment[][] {
  if (shards === undefined) return [];
  const lines = shardLines(shards, width).map((words) =>
    words.map(({ text, isOff }, i): Segment => {
      const spaced = i === 0 ? text : ` ${text}`;
      return i === 0 ? { text, paint: c.dim } : { text: spaced, ...(isOff && { paint: c.yellow }) };
    }),
  );
  return [...lines, []];
}

const totals = ({ total }: RunView, c: Colors): Segment[] => [
  {
    text: `${grouped(total.ok)} ok   ${grouped(total.fail)} fail   ${grouped(total.info)} info`,
    paint: c.dim,
  },
];

const faultLine = ({ faults }: RunView, c: Colors): Segment[] =>
  faults.length === 0
    ? [{ text: "no fault", paint: c.dim }]
    : [{ text: faults.map(faultText).join("   "), paint: c.red }];

const violationLines = ({ violation }: RunView, c: Colors): Segment[][] =>
  violation === undefined
    ? []
    : [[{ text: `✘ ${violation}`, paint: (text) => c.bold(c.red(text)) }]];

const faultText = ({ label, nodes }: RunView["faults"][number]): string =>
  `${label} → ${nodes.length > 4 ? `${nodes.length} nodes` : nodes.join(",")}`;

function leaderOf(nodes: readonly NodeStatus[]): NodeStatus | null {
  const leaders = nodes.filter((node) => node.role === "leader");
  return leaders.toSorted((a, b) => b.term - a.term)[0] ?? null;
}

function elapsedBar(share: number, columns: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return "█".repeat(filled) + "░".repeat(columns - filled);
}

/** Logarithmic: a column for one entry behind, all of them from a hundred thousand on. */
const lagBar = (lag: number): string =>
  "▪".repeat(Math.min(LAG_BAR, Math.ceil(Math.log10(1 + lag) * 2)));

/** The last values that fit, scaled to the highest of them. */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = values.slice(-columns);
  const highest = Math.max(...shown, 1);
  return shown
    .map((value) => SPARKS[Math.min(7, Math.floor((Math.max(0, value) / highest) * 8))])
    .join("");
}

export function fit(line: readonly Segment[], width: number): string {
  let room = width;
  let out = "";
  for (const { text, paint } of line) {
    const cut = text.length <= room ? text : room > 0 ? `${text.slice(0, room - 1)}…` : "";
    room -= cut.length;
    if (cut !== "") out += paint === undefined ? cut : paint(cut);
  }
  return out;
}

export const grouped = (n: number): string => Math.round(n).toLocaleString("en-US");
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function latency(us: number | null): string {
  if (us === null) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}
