import type { LaneState, Story, StoryRow } from "./story.ts";

const LANE_CELLS = 5;
const TIME_CELLS = 9;
const LINE_CELLS_MAX = 140;

const LINE: Record<LaneState, string> = { up: "│", down: " ", paused: "┊" };
const MARK: Record<StoryRow["kind"], string> = {
  message: "●",
  lost: "●",
  fault: "!",
  crash: "✖",
  restart: "▲",
  leader: "★",
  role: "☆",
  client: "◆",
  commit: "■",
};

/** The story as lines of text, at most 40 of a story that fits: lanes on the left, words beside. */
export function storyLines(story: Story): readonly string[] {
  const { title, lanes, rows, leftOut, result } = story;
  const head = `${"ms".padStart(TIME_CELLS)}  ${lanes.map((l) => l.padEnd(LANE_CELLS)).join("")}`;
  const end = result.violation ?? { atMs: result.stats.simulatedMs };
  const foot = `${end.atMs.toFixed(2).padStart(TIME_CELLS)}  ${result.violation !== null ? "✗" : "✓"} ${title}`;
  const lines = [head.trimEnd(), ...rows.map((row) => rowLine(row, lanes.length)), foot];
  if (leftOut > 0) lines.push(`${" ".repeat(TIME_CELLS)}  (${leftOut} lesser events left out)`);
  return lines.map((line) =>
    line.length > LINE_CELLS_MAX ? `${line.slice(0, LINE_CELLS_MAX - 1)}…` : line,
  );
}

function rowLine(row: StoryRow, lanes: number): string {
  const cells = [..." ".repeat(lanes * LANE_CELLS)];
  for (let lane = 0; lane < lanes; lane++) cells[lane * LANE_CELLS] = LINE[row.states[lane]!];
  if (row.fromLane >= 0) drawArrow(cells, row);
  else if (row.lane >= 0) cells[row.lane * LANE_CELLS] = MARK[row.kind];
  return `${row.atMs.toFixed(2).padStart(TIME_CELLS)}  ${cells.join("")}  ${row.text}`;
}

/** `●────▶`, or `●──✕` for what was lost on the way. */
function drawArrow(cells: string[], { fromLane, lane, kind }: StoryRow): void {
  const from = fromLane * LANE_CELLS;
  const to = lane * LANE_CELLS;
  const step = Math.sign(to - from);
  cells[from] = MARK[kind];
  if (kind === "lost") {
    const middle = from + step * Math.ceil(LANE_CELLS / 2);
    for (let at = from + step; at !== middle; at += step) cells[at] = "─";
    cells[middle] = "✕";
    return;
  }
  for (let at = from + step; at !== to; at += step) cells[at] = "─";
  cells[to] = step > 0 ? "▶" : "◀";
}
