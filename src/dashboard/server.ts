import { randomBytes } from "node:crypto";
import { UserError } from "../lib/user-error.ts";
import { createDashboard, type DashboardApp, type DashboardPart } from "./app.ts";
import { Guard } from "./guard.ts";

export type DashboardServer = {
  readonly port: number;
  /** For programs: `Authorization: Bearer TOKEN`. */
  readonly token: string;
  /** For people: with the token where no browser sends it. */
  readonly url: string;
  stop(): Promise<void>;
};

/** Requests are small: a fault, a load, the name of a scenario. */
const BODY_BYTES_MAX = 1 << 20;

/**
 * Listens on 127.0.0.1 only. `port` 0: any free one. Throws UserError when the port cannot be had. The parts are
 * ended by whoever made them.
 */
export function serveDashboard(
  port: number,
  parts: readonly DashboardPart[],
  token: string = randomBytes(24).toString("base64url"),
): DashboardServer {
  let app: DashboardApp | null = null;
  const server = listen(port, (request) =>
    app === null ? new Response(null, { status: 503 }) : app.fetch(request),
  );
  app = createDashboard(new Guard(token, server.port!), parts);
  const url = `http://127.0.0.1:${server.port}/#token=${token}`;
  return { port: server.port!, token, url, stop: () => server.stop(true) };
}

function listen(port: number, answer: (request: Request) => Response | Promise<Response>) {
  try {
    return Bun.serve({
      ...{ hostname: "127.0.0.1", port, maxRequestBodySize: BODY_BYTES_MAX },
      idleTimeout: 0, // Event streams may be quiet for long.
      fetch: answer,
    });
  } catch (error) {
    throw new UserError("cannot listen", [
      {
        where: `--port ${port}`,
        what: (error as Error).message,
        fix: "give another port, or --port 0 for any free one",
      },
    ]);
  }
}
