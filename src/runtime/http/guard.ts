import { type HttpRefusal, refuseOtherSites } from "../../security/browser-guard.ts";
import type { NodeSecurity } from "../../security/node-security.ts";
import type { ListenAddress } from "../config.ts";
import type { Log } from "../logging.ts";

export type GuardOptions = {
  /** Null: anybody may ask who is not another site's page. */
  readonly security: NodeSecurity | null;
  /** Names by which the node may be asked, now. */
  readonly hosts: () => readonly string[];
  readonly log: Log;
};

/**
 * Who may ask the HTTP port of a node. Where clients show a token, nothing at all is answered without it; where they
 * show a certificate, TLS has seen to it already. A browser sends certificates for other sites' pages too, so those
 * are refused in any case; a token it has none of.
 */
export class HttpGuard {
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Null: it may be served. `from`: the address of the client. */
  refuse(request: Request, from: string): Response | null {
    const { security, hosts, log } = this.#options;
    const refusal =
      security?.tokens?.accepts(tokenOf(request)) === false
        ? NO_TOKEN
        : security?.tokens
          ? null
          : refuseOtherSites(request, hosts());
    if (refusal === null) return null;
    const { status, error, fix } = refusal;
    log.warn({ event: "httpRefused", from, reason: error }, "refused a request");
    const headers = status === 401 ? { "WWW-Authenticate": "Bearer" } : undefined;
    return Response.json({ error, definite: true, fix }, { status, ...(headers && { headers }) });
  }
}

const NO_TOKEN: HttpRefusal = {
  status: 401,
  error: "a token is needed, or it is not right",
  fix: "send Authorization: Bearer TOKEN",
};

const tokenOf = (request: Request): string =>
  /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";

/** The names of these addresses: where the node listens and where others find it. */
export const namesOf = ({ host, hosts }: ListenAddress): readonly string[] =>
  [host, ...Object.values(hosts)].map((name) => name.toLowerCase());
