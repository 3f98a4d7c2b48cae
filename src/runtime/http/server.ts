import type { Server } from "bun";
import type { Hono } from "hono";
import { VALUE_BYTES_MAX } from "../../kv/command.ts";
import { OpenFiles } from "../open-files.ts";
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
  readonly #guard: HttpGuard;
  readonly #files: OpenFiles;
  readonly port: number;
  /** The one that listens, or listened before files were scarce. */
  #server: Server<undefined>;
  #app: Promise<Hono> | null = null;

  /** Listens at once; throws when the port cannot be had. */
  constructor(options: HttpOptions) {
    this.#options = options;
    this.#guard = new HttpGuard(options.guard);
    this.#server = this.#listen(options.port);
    this.port = this.#server.port!;
    // Its connections have no limit of their own.
    this.#files = new OpenFiles({ log: options.guard.log, onScarce: (is) => this.#onScarce(is) });
  }

  #listen(port: number): Server<undefined> {
    const { security } = this.#options.guard;
    return Bun.serve({
      hostname: this.#options.host,
      port,
      ...(security && {
        tls: tlsOfServer(security, security.clientAuth === "cert" ? "must" : "unasked"),
      }),
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      fetch: async (request, server) => {
        const refused = this.#guard.refuse(request, server.requestIP(request)?.address ?? "");
        if (refused !== null) return refused;
        // A change of membership lasts until the new nodes have caught up.
        if (request.url.includes("/admin/")) server.timeout(request, 0);
        return (await this.load()).fetch(request);
      },
    });
  }

  /** Does not listen while files are scarce; connections that are there go on. */
  #onScarce(isScarce: boolean): void {
    if (isScarce) void this.#server.stop();
    else this.#server = this.#listen(this.port);
  }

  /** Loads the app before the first request asks for it. */
  load(): Promise<Hono> {
    this.#app ??= import("./app.ts").then(({ createApp }) => createApp(this.#options.app()));
    return this.#app;
  }

  stop(): Promise<void> {
    this.#files.stop();
    return this.#server.stop(true);
  }
}
