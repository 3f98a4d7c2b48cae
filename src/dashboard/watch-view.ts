import pc from "picocolors";
import type { NodeStatus } from "../target/target.ts";
import { type Colors, fit, grouped, roleStyle, seconds, type Segment, sparkline } from "./view.ts";
import { isUp, leaderAmong, type WatchEvent, type Watched } from "./watch-track.ts";

/** From so many columns on the bar of a log stands beside its figures, otherwise below them. */
const WIDE = 72;
const BAR_MIN = 8;
/** Columns left of the bar. */
const NODE_COLUMNS = 26;
const FIGURE = 10;
const INDENT = "     ";

/**
 * A watched cluster as at most `rows` lines of at most `width` columns: the newest events go first when
 * there is no room. Without `colors` it has no escape sequences.
 */
export function renderWatch(
  watched: Watched,
  width: number,
  rows: number,
  colors: boolean,
): string[] {
  const c = pc.createColors(colors);
  const end = endOf(watched.nodes);
  const body: Segment[][] = [
    ...head(watched, width, c),
    [],
    nodeHead(width, c),
    ...watched.nodes.flatMap((node) => nodeLines(node, end, width, c)),
    ...replication(watched.nodes, width, c),
    [],
    [{ text: sparkline(watched.curve, width), paint: c.cyan }],
  ];
  const room = Math.max(0, rows - body.length);
  const events = room === 0 ? [] : watched.events.slice(-room);
  return [...body, ...events.map((event) => eventLine(event, c))]
    .slice(0, rows)
    .map((line) => fit(line, width));
}

/** `12.0 s  leader 2 (term 5)  commit 1,234  310/s  down 3`: a look as one line of a log. */
export function watchLine({ atMs, nodes, throughput }: Watched): string {
  const leader = leaderAmong(nodes);
  const down = nodes.filter((node) => !isUp(node)).map(({ id }) => id);
  return [
    seconds(atMs).padStart(7),
    leader === null ? "no leader" : `leader ${leader.id} (term ${leader.term})`,
    `commit ${grouped(Math.max(0, ...nodes.map(({ commitIndex }) => commitIndex)))}`,
    ...(throughput === null ? [] : [`${grouped(throughput)}/s`]),
    ...(down.length === 0 ? [] : [`down ${down.join(",")}`]),
  ].join("  ");
}

export const eventText = ({ atMs, text }: WatchEvent): string =>
  `${seconds(atMs).padStart(7)}  ${text}`;

function head(
  { clusterId, nodes, throughput, atMs }: Watched,
  width: number,
  c: Colors,
): Segment[][] {
  const leader = leaderAmong(nodes);
  const name: Segment[] = [
    { text: clusterId, paint: c.bold },
    leader === null
      ? { text: "  no leader", paint: c.red }
      : { text: `  leader ${leader.id} (term ${leader.term})`, paint: c.green },
  ];
  const rate = throughput === null ? "–" : grouped(throughput);
  const figures: Segment[] = [
    { text: rate, paint: c.bold },
    { text: ` entries/s   ${seconds(atMs)}   q quits`, paint: c.dim },
  ];
  return width >= WIDE ? [[...name, { text: "   " }, ...figures]] : [name, figures];
}

function nodeHead(width: number, c: Colors): Segment[] {
  const text = `node ${"role".padEnd(14)}${"term".padStart(5)}${"vote".padStart(5)}`;
  if (width < WIDE) return [{ text: `${text}${"commit".padStart(FIGURE)}`, paint: c.dim }];
  const bar = barColumns(width);
  const figures = ["commit", "last"].map((name) => name.padStart(FIGURE)).join("");
  const legend = "log: ░ snapshot █ applied ▓ committed ▒ more".slice(0, bar).padEnd(bar);
  return [{ text: `${text}  ${legend}${figures}`, paint: c.dim }];
}

function nodeLines(node: NodeStatus, end: number, width: number, c: Colors): Segment[][] {
  const { id, role, term, votedFor, commitIndex, lastIndex } = node;
  const up = isUp(node);
  const { mark, paint } = roleStyle(role, c);
  const figure = (n: number | undefined, columns: number): string =>
    (up && n !== undefined ? grouped(n) : "–").padStart(columns);
  const vote = votedFor === 0 ? "–".padStart(5) : figure(votedFor, 5);
  const line: Segment[] = [
    { text: String(id).padEnd(5) },
    { text: `${mark} ${role}`.padEnd(14), paint },
    { text: figure(term, 5) + vote },
  ];
  if (width < WIDE) {
    const first = [...line, { text: figure(commitIndex, FIGURE) }];
    const columns = Math.max(0, width - INDENT.length);
    return up ? [first, [{ text: INDENT }, ...logBar(node, end, columns, c)]] : [first];
  }
  const bar = up
    ? logBar(node, end, barColumns(width), c)
    : [{ text: " ".repeat(barColumns(width)) }];
  const figures = figure(commitIndex, FIGURE) + figure(lastIndex, FIGURE);
  return [[...line, { text: "  " }, ...bar, { text: figures }]];
}

const barColumns = (width: number): number =>
  Math.max(BAR_MIN, width - NODE_COLUMNS - 5 - 2 * FIGURE);

/** The entry at which every bar ends: one for all, so that they compare. */
const endOf = (nodes: readonly NodeStatus[]): number =>
  Math.max(1, ...nodes.filter(isUp).map(({ lastIndex }) => lastIndex));

/** Each mark has a column of its own as long as there is anything between it and the next one. */
function logBar(node: NodeStatus, to: number, columns: number, c: Colors): Segment[] {
  const at = (index: number): number => Math.ceil((index / to) * columns);
  const { snapshotIndex = 0, appliedIndex, commitIndex, lastIndex } = node;
  const marks = [snapshotIndex, appliedIndex, commitIndex, lastIndex].map(at);
  const parts: Segment[] = [];
  let column = 0;
  for (const [i, { char, paint }] of parted(c).entries()) {
    const end = Math.max(column, Math.min(columns, marks[i]!));
    if (end > column) parts.push({ text: char.repeat(end - column), paint });
    column = end;
  }
  return [...parts, { text: "·".repeat(columns - column), paint: c.dim }];
}

const parted = (c: Colors) => [
  { char: "░", paint: c.dim },
  { char: "█", paint: c.green },
  { char: "▓", paint: c.cyan },
  { char: "▒", paint: c.yellow },
];

/** How far the leader knows each of the others to be. */
function replication(nodes: readonly NodeStatus[], width: number, c: Colors): Segment[][] {
  const leader = leaderAmong(nodes);
  const followers = (leader?.peers ?? []).filter(({ matchIndex }) => matchIndex !== undefined);
  if (leader === null || followers.length === 0) return [];
  const rows = followers.map(({ id, matchIndex = 0, nextIndex = 0, state, isConnected }) => {
    const behind = Math.max(0, leader.lastIndex - matchIndex);
    const how = isConnected ? (state ?? "") : "not connected";
    const figures = `match ${grouped(matchIndex)}  −${grouped(behind)}`;
    const next = width >= WIDE ? `  next ${grouped(nextIndex)}` : "";
    return [
      { text: `  ${leader.id} → ${String(id).padEnd(4)}` },
      { text: figures + next },
      { text: `  ${how}`, paint: isConnected && state === "replicate" ? c.dim : c.yellow },
    ];
  });
  return [[], [{ text: "replication, as the leader sees it", paint: c.dim }], ...rows];
}

const eventLine = (event: WatchEvent, c: Colors): Segment[] => [
  { text: eventText(event), paint: event.isBad ? c.red : c.green },
];
