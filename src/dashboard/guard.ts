import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";

/**
 * Who may speak to the dashboard: people of this machine who were given its token, in pages that it
 * served itself.
 *
 *   Host            must be the loopback address and port that we listen on: a foreign name that was
 *                   made to point here (DNS rebinding) is refused, whatever else it brings
 *   /api, /reports  need a session's cookie, or `Authorization: Bearer TOKEN` from programs
 *   Sec-Fetch-Site  where a browser tells it, must not be of another site or port
 *   Origin          of everything but GET and HEAD: our own; only a program with the token may send none
 *
 * The printed URL carries the token after `#`, which browsers send to nobody; the page exchanges it for
 * the cookie (POST /session), HttpOnly and SameSite=Strict. Cookies know no ports, so the cookie is named by
 * ours and holds another secret than the token.
 */
export class Guard {
  readonly #token: string;
  readonly #cookie: string;
  readonly #hosts: ReadonlySet<string>;
  /** Sessions by their secret; each has a number, for the event log. */
  readonly #sessions = new Map<string, number>();
  #lastSession = 0;

  constructor(token: string, port: number) {
    this.#token = token;
    this.#cookie = `ordeal-${port}`;
    this.#hosts = new Set(["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`));
  }

  /** On every request. */
  readonly host: MiddlewareHandler = async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    const host = c.req.header("host") ?? "";
    if (!this.#hosts.has(host)) {
      return refuse(
        c,
        421,
        `the dashboard is not at "${host}"`,
        "open the address that it printed",
      );
    }
    if (c.req.method !== "GET" && c.req.method !== "HEAD" && !this.#isOurOrigin(c, host)) {
      return refuse(c, 403, "the request comes from another page", "use the dashboard's own page");
    }
    const site = c.req.header("sec-fetch-site");
    // A link from elsewhere to the page itself (a terminal, a chat) is a person's own doing.
    const isPage = c.req.path === "/" && c.req.header("sec-fetch-mode") === "navigate";
    if (site !== undefined && site !== "same-origin" && site !== "none" && !isPage) {
      return refuse(c, 403, "the request comes from another page", "use the dashboard's own page");
    }
    return next();
  };

  /** On what tells or does anything. `c.get("by")` is then who asks: `page 2` or `token`. */
  readonly session: MiddlewareHandler<{ Variables: Asked }> = async (c, next) => {
    const by = this.#whoAsks(c);
    if (by === null) {
      const fix = "open the address that the dashboard printed, with all that is behind the #";
      return refuse(c, 401, "a token is needed", fix);
    }
    c.set("by", by);
    return next();
  };

  /** POST /session { token }: a new session's cookie for the token. */
  readonly exchange = async (c: Context): Promise<Response> => {
    const body: unknown = await c.req.json().catch(() => null);
    const token = (body as { readonly token?: unknown } | null)?.token;
    if (typeof token !== "string" || !same(token, this.#token)) {
      const fix = "open the address that the dashboard printed last: each start has another token";
      return refuse(c, 401, "the token is not right", fix);
    }
    const secret = crypto.randomUUID() + crypto.randomUUID();
    this.#sessions.set(secret, ++this.#lastSession);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
    c.header("Set-Cookie", `${this.#cookie}=${secret}; Path=/; HttpOnly; SameSite=Strict`);
    return c.json({ ok: true });
  };

  #isOurOrigin(c: Context, host: string): boolean {
    const origin = c.req.header("origin");
    return origin === undefined ? this.#hasToken(c) : origin === `http://${host}`;
  }

  #whoAsks(c: Context): string | null {
    if (this.#hasToken(c)) return "token";
    const cookies = (c.req.header("cookie") ?? "").split(";").map((part) => part.trim());
    for (const cookie of cookies) {
      if (!cookie.startsWith(`${this.#cookie}=`)) continue;
      const session = this.#sessions.get(cookie.slice(this.#cookie.length + 1));
      if (session !== undefined) return `page ${session}`;
    }
    return null;
  }

  #hasToken(c: Context): boolean {
    const given = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    return given !== undefined && same(given, this.#token);
  }
}

/** What `Guard.session` tells those behind it. */
export type Asked = { readonly by: string };

/** Tabs that one person has open over the life of a dashboard; the oldest one has to sign in again. */
const SESSIONS_MAX = 100;

const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** JSON { error, fix } and a status. */
export const refuse = (
  c: Context,
  status: 400 | 401 | 403 | 404 | 409 | 421 | 500,
  error: string,
  fix: string,
): Response => c.json({ error, fix }, status);

/** Without telling by its time how much of a guess is right. */
function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
