import type { Server } from "bun";
import type { Hono } from "hono";
import { VALUE_BYTES_MAX } from "../../kv/command.ts";
import { tlsOfServer } from "../../security/server-tls.ts";
import type { AppOptions } from "./app.ts";
import { type GuardOptions, HttpGuard } from "./guard.ts";

export type HttpOptions = {
  /** What the app serves; called when it is loaded. */
  readonly app: () => AppOptions;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Who may ask. */
  readonly guard: GuardOptions;
};

/** Room above the largest value, so that the app and not Bun says what is wrong with a larger one. */
const BODY_BYTES_MAX = 2 * VALUE_BYTES_MAX;
/** Quiet connections are closed by then; longer than any request may take. */
const IDLE_SECONDS = 30;

/** The HTTP port of a node. The app, and Hono with it, is loaded when the port already listens. */
export class HttpServer {
  readonly #options: HttpOptions;
  readonly #server: Server<undefined>;
  #app: Promise<Hono> | null = null;

  /** Listens at once; throws when the port cannot be had. */
  constructor(options: HttpOptions) {
    this.#options = options;
    const { security } = options.guard;
    const guard = new HttpGuard(options.guard);
    this.#server = Bun.serve({
      hostname: options.host,
      port: options.port,
      ...(security && {
        tls: tlsOfServer(security, security.clientAuth === "cert" ? "must" : "unasked"),
      }),
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      fetch: async (request, server) => {
        const refused = guard.refuse(request, server.requestIP(request)?.address ?? "");
        if (refused !== null) return refused;
        // A change of membership lasts until the new nodes have caught up.
        if (request.url.includes("/admin/")) server.timeout(request, 0);
        return (await this.load()).fetch(request);
      },
    });
  }

  get port(): number {
    return this.#server.port!;
  }

  /** Loads the app before the first request asks for it. */
  load(): Promise<Hono> {
    this.#app ??= import("./app.ts").then(({ createApp }) => createApp(this.#options.app()));
    return this.#app;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}
