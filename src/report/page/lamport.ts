import { html, type Markup, trusted } from "../markup.ts";
import lamportCss from "./lamport.css" with { type: "text" };
import pageCss from "./page.css" with { type: "text" };

/** What happened on one lane at one time; a message has the lane and time that it left at, too. */
export type LamportRow = {
  readonly atMs: number;
  readonly kind: string;
  /** -1: none. */
  readonly lane: number;
  readonly fromLane: number;
  readonly sentMs: number;
  readonly text: string;
  /** Of each lane from here on. */
  readonly states: readonly ("up" | "down" | "paused")[];
};

/** Nodes and clients side by side, time downwards (Lamport 1978). In order of time. */
export type LamportDiagram = {
  readonly title: string;
  /** What lanes and times are; default: those of a simulated run. */
  readonly about?: string | undefined;
  readonly lanes: readonly string[];
  readonly rows: readonly LamportRow[];
  readonly leftOut: number;
};

const ABOUT = "Nodes (n) and clients (c), virtual time in milliseconds downwards, not to scale.";

const ROW_PX = 22;
const LANE_PX = 76;
const LEFT_PX = 96;
const TOP_PX = 34;
const CHAR_PX = 7.3;
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const laneX = (lane: number): number => LEFT_PX + lane * LANE_PX;
const rowY = (row: number): number => TOP_PX + row * ROW_PX;

/** One page that needs no network and no other file: the diagram, and `notes` under it. */
export function lamportPage(diagram: LamportDiagram, notes: readonly string[]): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${diagram.title} · Ordeal</title>
        <link rel="icon" href="data:," />
        <style>
          ${trusted(pageCss)}
          ${trusted(lamportCss)}
        </style>
      </head>
      <body>
        <main>${lamportSection(diagram)} ${notes.map((note) => html`<p>${note}</p>`)}</main>
      </body>
    </html> `.toString();
}

/** Needs lamport.css on its page. `heading` over it, `foot` under it. */
export function lamportSection(
  diagram: LamportDiagram,
  { heading = diagram.title, foot = null }: { heading?: string; foot?: Markup | null } = {},
): Markup {
  const { title, lanes, rows, leftOut, about = ABOUT } = diagram;
  const wordsX = laneX(lanes.length);
  const longest = Math.max(title.length, ...rows.map(({ text }) => text.length));
  const width = Math.ceil(wordsX + longest * CHAR_PX + 20);
  const height = rowY(rows.length + 1);
  return html`<section aria-labelledby="story-title">
    <h2 id="story-title">${heading}</h2>
    <p class="lead">${about} ${leftOut > 0 ? `${leftOut} lesser events are left out.` : null}</p>
    <div class="lamport" role="group" aria-labelledby="story-title" tabindex="0">
      <svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
        <title>${title}</title>
        ${lanes.map((name, lane) => html`<text x="${laneX(lane) - 8}" y="14">${name}</text>`)}
        ${lanes.map((_, lane) => laneLines(rows, lane))}
        ${rows.map((row, i) => arrow(rows, row, i))} ${rows.map((row, i) => words(row, i, wordsX))}
        <text class="end" x="${wordsX}" y="${rowY(rows.length) + 4}">${title}</text>
      </svg>
    </div>
    ${foot}
  </section>`;
}

/** A lane is drawn while its node is up: solid, or dotted in a pause. */
function laneLines(rows: readonly LamportRow[], lane: number): Markup[] {
  const lines: Markup[] = [];
  const x = laneX(lane);
  let from = rowY(0) - ROW_PX / 2;
  let state: LamportRow["states"][number] = "up";
  const draw = (to: number): void => {
    if (state === "down" || to <= from) return;
    lines.push(html`<line class="lane ${state}" x1="${x}" x2="${x}" y1="${from}" y2="${to}" />`);
  };
  for (const [i, row] of rows.entries()) {
    const next = row.states[lane] ?? "up";
    if (next === state) continue;
    draw(rowY(i));
    from = rowY(i);
    state = next;
  }
  draw(rowY(rows.length));
  return lines;
}

/** Slopes from where it was sent, between the rows of that time, to where it arrived. */
function arrow(rows: readonly LamportRow[], row: LamportRow, i: number): Markup {
  const y = rowY(i);
  if (row.fromLane < 0 || row.lane < 0) {
    if (row.lane < 0) return html``;
    return html`<circle class="${row.kind}" cx="${laneX(row.lane)}" cy="${y}" r="5" />`;
  }
  const x1 = laneX(row.fromLane);
  const y1 = Math.min(y - 4, sentY(rows, row.sentMs));
  const isLost = row.kind === "lost";
  // Not half of it: there may be another lane.
  const share = isLost ? 0.4 : 1;
  const x2 = x1 + (laneX(row.lane) - x1) * share;
  const head = isLost ? cross(x2, y) : arrowHead(x1, y1, x2, y);
  return html`<line
      class="message ${isLost ? "lost" : ""}"
      x1="${x1}"
      y1="${y1}"
      x2="${x2}"
      y2="${y}"
    />${head}`;
}

function sentY(rows: readonly LamportRow[], atMs: number): number {
  const after = rows.findIndex((row) => row.atMs >= atMs);
  const row = after === -1 ? rows.length : after;
  const [before, next] = [rows[row - 1]?.atMs ?? 0, rows[row]?.atMs ?? atMs];
  const share = next > before ? (atMs - before) / (next - before) : 1;
  return Math.max(rowY(0) - ROW_PX / 2, rowY(row - 1) + share * ROW_PX);
}

function arrowHead(x1: number, y1: number, x2: number, y2: number): Markup {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const corner = (turn: number): string => {
    const at = angle + Math.PI + turn;
    return `${(x2 + 9 * Math.cos(at)).toFixed(1)},${(y2 + 9 * Math.sin(at)).toFixed(1)}`;
  };
  const points = `${x2},${y2} ${corner(0.4)} ${corner(-0.4)}`;
  return html`<polygon points="${points}" fill="var(--accent)" />`;
}

const cross = (x: number, y: number): Markup =>
  html`<path
    class="message lost"
    d="M${x - 4} ${y - 4} L${x + 4} ${y + 4} M${x + 4} ${y - 4} L${x - 4} ${y + 4}"
  />`;

const words = (row: LamportRow, i: number, x: number): Markup =>
  html`<text class="time" x="${LEFT_PX - 24}" y="${rowY(i) + 4}" text-anchor="end"
      >${row.atMs.toFixed(2)}</text
    ><text x="${x}" y="${rowY(i) + 4}">${row.text}</text>`;
