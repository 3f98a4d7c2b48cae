import { renderWatch } from "../../dashboard/watch-view.ts";
import { eventText, watchLine } from "../../dashboard/watch-view.ts";
import { track, type Watched } from "../../dashboard/watch-track.ts";
import { useColours } from "../colours.ts";
import { askAll } from "../cluster/show.ts";
import { parseDurationMs } from "../parse.ts";
import { placesOf } from "./places.ts";
import { openScreen } from "./screen.ts";

export type WatchOptions = {
  readonly dir: string | undefined;
  readonly nodes: string | undefined;
  readonly every: string;
  readonly once: boolean;
  readonly json: boolean;
};

const PLAIN_EVERY_MS = 1000;
const COLUMNS = 80;
const ROWS = 24;

/** Shows a cluster until the person has seen enough. Throws UserError when there is none. */
export async function watch({ dir, nodes, every, once, json }: WatchOptions): Promise<void> {
  const everyMs = parseDurationMs(every, "--every");
  const places = await placesOf(dir, nodes);
  const startedAt = performance.now();
  let watched: Watched | null = null;
  const look = async (): Promise<Watched> => {
    const { clusterId, nodes } = await places();
    const statuses = await askAll(clusterId, nodes);
    watched = track(watched, clusterId, statuses, performance.now() - startedAt);
    return watched;
  };
  if (once) {
    const seen = await look();
    if (json) return console.log(JSON.stringify(documentOf(seen)));
    const { stdout } = process;
    const lines = renderWatch(seen, stdout.columns ?? COLUMNS, Infinity, useColours(stdout));
    return console.log(lines.join("\n"));
  }
  const screen = json || process.stdout.isTTY !== true ? null : openScreen(process.stdout);
  const show = json ? showJson : screen === null ? plainLines() : drawOn(screen);
  if (screen !== null) screen.onResize(() => watched !== null && show(watched));
  while (screen === null || !screen.isClosed) {
    show(await look());
    await (screen === null
      ? Bun.sleep(everyMs)
      : Promise.race([screen.closed, Bun.sleep(everyMs)]));
  }
}

/** For scripts, so it only ever gains fields. */
const documentOf = ({ clusterId, atMs, nodes, throughput, events }: Watched) => ({
  ...{ clusterId, atMs: Math.round(atMs), throughput, nodes },
  events: events.filter((event) => event.atMs === atMs).map(({ text, isBad }) => ({ text, isBad })),
});

const showJson = (seen: Watched): void => console.log(JSON.stringify(documentOf(seen)));

const drawOn =
  (screen: ReturnType<typeof openScreen>) =>
  (seen: Watched): void => {
    const { columns = COLUMNS, rows = ROWS } = process.stdout;
    screen.draw(renderWatch(seen, columns, rows, useColours(process.stdout)));
  };

/** Each event as it is seen, and a line a second. */
function plainLines(): (seen: Watched) => void {
  let nextMs = 0;
  return (seen) => {
    for (const event of seen.events) if (event.atMs === seen.atMs) console.log(eventText(event));
    if (seen.atMs < nextMs) return;
    nextMs = seen.atMs + PLAIN_EVERY_MS;
    console.log(watchLine(seen));
  };
}
