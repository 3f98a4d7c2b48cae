import { type Context, Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import * as v from "valibot";
import { UserError } from "../../lib/user-error.ts";
import { type Asked, refuse } from "../guard.ts";
import type { LiveEvent, LoadOptions, Sample, StartOptions } from "./document.ts";
import type { Feed } from "./feed.ts";

const whole = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

const Start = v.strictObject({
  nodes: whole(1, 9),
  storage: v.picklist(["disk", "memory"]),
  dir: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(4096))), null),
  groups: v.optional(whole(0, 16), 0),
  shards: v.optional(whole(1, 256), 12),
});

const Load = v.strictObject({
  clients: whole(1, 4096),
  rate: v.nullable(v.pipe(v.number(), v.minValue(1), v.maxValue(1_000_000))),
  reads: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  valueBytes: v.optional(whole(32, 1 << 20), 256),
  keys: v.optional(whole(1, 1_000_000), 10_000),
  distribution: v.optional(v.picklist(["uniform", "zipfian", "latest"]), "uniform"),
});

/** Pages that watch at once. */
const WATCHERS_MAX = 32;
/** So that a connection whose other end has gone is noticed. */
const PING_MS = 10_000;

/**
 * The live part of the dashboard.
 *
 *   GET  /stream       server-sent events: `document`, `events`, `samples` (document.ts)
 *   POST /start        StartOptions
 *   POST /stop
 *   POST /fault        what the supervisor of the cluster takes (target/live-faults.ts)
 *   POST /load/start   LoadOptions
 *   POST /load/stop
 *
 * 200 { ok: true }: it is done. 400, 409: { error, fix }.
 */
export function liveRoutes(feed: Feed): Hono<{ Variables: Asked }> {
  const app = new Hono<{ Variables: Asked }>();
  app.get("/stream", (c) => {
    if (feed.watchers >= WATCHERS_MAX) {
      return refuse(c, 409, `${WATCHERS_MAX} pages watch already`, "close some of them");
    }
    return streamSSE(c, (stream) => pour(feed, stream));
  });
  app.post("/start", (c) =>
    withBody<StartOptions>(c, Start, (options) => feed.start(options, c.get("by"))),
  );
  app.post("/stop", (c) => done(c, () => feed.stop(c.get("by"))));
  app.post("/fault", (c) =>
    withBody<unknown>(c, v.looseObject({}), (fault) => feed.act(fault, c.get("by"))),
  );
  app.post("/load/start", (c) =>
    withBody<LoadOptions>(c, Load, (options) => feed.startLoad(options, c.get("by"))),
  );
  app.post("/load/stop", (c) => done(c, () => feed.stopLoad(c.get("by"))));
  return app;
}

/** Writes what is new whenever the other end has taken what was before; of documents only the newest. */
async function pour(feed: Feed, stream: SSEStreamingApi): Promise<void> {
  let document: string | null = null;
  let events: LiveEvent[] = [];
  let samples: Sample[] = [];
  let wake: () => void = () => {};
  const stopWatching = feed.watch({
    document: (text) => {
      document = text;
      wake();
    },
    events: (more) => {
      events = [...events, ...more].slice(-EVENTS_KEPT);
      wake();
    },
    samples: (more) => {
      samples = [...samples, ...more].slice(-SAMPLES_KEPT);
      wake();
    },
  });
  stream.onAbort(() => wake());
  try {
    while (!stream.aborted && !stream.closed) {
      const [text, newEvents, newSamples] = [document, events, samples];
      [document, events, samples] = [null, [], []];
      const parts = [
        ...(text === null ? [] : [{ event: "document", data: text }]),
        ...(newEvents.length === 0 ? [] : [{ event: "events", data: JSON.stringify(newEvents) }]),
        ...(newSamples.length === 0
          ? []
          : [{ event: "samples", data: JSON.stringify(newSamples) }]),
      ];
      for (const part of parts) await stream.writeSSE(part);
      if (document !== null || events.length > 0 || samples.length > 0) continue;
      const isNews = await newsWithin((woken) => {
        wake = woken;
      }, PING_MS);
      if (!isNews) await stream.writeSSE({ event: "ping", data: "" });
    }
  } finally {
    stopWatching();
  }
}

const EVENTS_KEPT = 200;
const SAMPLES_KEPT = 240;

/** False: nothing came within `ms`. */
async function newsWithin(listen: (wake: () => void) => void, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  listen(() => resolve(true));
  const isNews = await promise;
  clearTimeout(timer);
  return isNews;
}

async function withBody<T>(
  c: Context,
  schema: v.GenericSchema<unknown, T>,
  act: (body: T) => Promise<void>,
): Promise<Response> {
  const parsed = v.safeParse(schema, await c.req.json().catch(() => null));
  if (parsed.success) return done(c, () => act(parsed.output));
  const what = parsed.issues.map((issue) =>
    [v.getDotPath(issue), issue.message].filter(Boolean).join(": "),
  );
  return refuse(c, 400, what.join("; "), "correct the values");
}

async function done(c: Context, act: () => Promise<void>): Promise<Response> {
  try {
    await act();
    return c.json({ ok: true });
  } catch (error) {
    if (error instanceof UserError) {
      const words = error.problems.map(({ where, what }) => `${where}: ${what}`).join("; ");
      return refuse(c, 400, words, error.problems.map(({ fix }) => fix).join("; "));
    }
    return refuse(c, 409, (error as Error).message, "look at the state of the cluster");
  }
}
