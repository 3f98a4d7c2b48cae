import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import * as v from "valibot";
import { UserError } from "../../lib/user-error.ts";
import { type Asked, refuse } from "../guard.ts";
import type { RunHost } from "./host.ts";

const whole = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

const Request = v.strictObject({
  kind: v.picklist(["chaos", "planted", "bench"]),
  // Never an option of the command line: nothing that begins with a hyphen.
  name: v.pipe(v.string(), v.regex(/^[^\s-][^\n\r\0]*$/, "is no name"), v.maxLength(4096)),
  target: v.pipe(v.string(), v.regex(/^[a-z][a-z-]*$/, "is no target")),
  seed: v.optional(v.nullable(whole(0, 2 ** 32 - 1)), null),
  durationMs: v.optional(v.nullable(whole(1000, 3_600_000)), null),
  nodes: v.optional(v.nullable(whole(1, 9)), null),
  parameters: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[A-Za-z][\w-]*$/)), v.pipe(v.number(), v.finite())),
    {},
  ),
});

/** So that a connection whose other end has gone is noticed. */
const PING_MS = 10_000;

/**
 * Scenarios and benchmarks, one at a time.
 *
 *   GET  /catalogue   what can be run (document.ts)
 *   GET  /stream      server-sent events: `run`, a RunState, whenever it changes
 *   POST /start       RunRequest
 *   POST /stop        as Ctrl-C
 *
 * 200 { ok: true }: it has begun, or was told to end. 400, 409: { error, fix }.
 */
export function runRoutes(host: RunHost): Hono<{ Variables: Asked }> {
  const app = new Hono<{ Variables: Asked }>();
  app.get("/catalogue", async (c) => c.json(await host.catalogue()));
  app.get("/stream", (c) =>
    streamSSE(c, async (stream) => {
      let wake = (): void => {};
      const unwatch = host.watch(() => wake());
      stream.onAbort(() => wake());
      try {
        while (!stream.aborted && !stream.closed) {
          const { promise: changed, resolve } = Promise.withResolvers<boolean>();
          wake = () => resolve(true);
          await stream.writeSSE({ event: "run", data: JSON.stringify(host.state) });
          const timer = setInterval(() => {
            stream.writeSSE({ event: "ping", data: "" }).catch(() => resolve(false));
          }, PING_MS);
          await changed;
          clearInterval(timer);
        }
      } finally {
        unwatch();
      }
    }),
  );
  app.post("/start", async (c) => {
    const parsed = v.safeParse(Request, await c.req.json().catch(() => null));
    if (!parsed.success) {
      const what = parsed.issues.map((issue) =>
        [v.getDotPath(issue), issue.message].filter(Boolean).join(": "),
      );
      return refuse(c, 400, what.join("; "), "correct the values");
    }
    try {
      host.start(parsed.output, c.get("by"));
      return c.json({ ok: true });
    } catch (error) {
      if (!(error instanceof UserError)) {
        const fix = "wait for its end, or stop it";
        return refuse(c, 409, (error as Error).message, fix);
      }
      const words = error.problems.map(({ where, what }) => `${where}: ${what}`).join("; ");
      return refuse(c, 400, words, error.problems.map(({ fix }) => fix).join("; "));
    }
  });
  app.post("/stop", (c) => {
    try {
      host.stop();
      return c.json({ ok: true });
    } catch (error) {
      return refuse(c, 409, (error as Error).message, "start one first");
    }
  });
  return app;
}
