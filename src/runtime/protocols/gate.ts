import type { Socket } from "bun";
import { readName } from "../../security/names.ts";
import { AUTH_WITHIN_MS, type NodeSecurity } from "../../security/node-security.ts";
import { certifiedNames, tlsFailure, tlsOfServer } from "../../security/server-tls.ts";
import { judgeFirst, type Verdict } from "./first-words.ts";

/** Connections that have not shown who they are; more are closed at once. */
const STRANGERS_MAX = 256;

/** Lets nobody speak on the client port who has not shown a certificate or a token. `C` is a connection. */
export class Gate<C> {
  readonly #security: NodeSecurity;
  readonly #withinMs: number;
  readonly #close: (connection: C, reason: string) => void;
  /** Who has not shown who it is, with its deadline. */
  readonly #strangers = new Map<C, Timer>();

  constructor(
    security: NodeSecurity,
    withinMs: number | undefined,
    close: (connection: C, reason: string) => void,
  ) {
    this.#security = security;
    this.#withinMs = withinMs ?? AUTH_WITHIN_MS;
    this.#close = close;
  }

  /** `tls` of the server. */
  get tls(): ReturnType<typeof tlsOfServer> {
    const { clientAuth } = this.#security;
    return tlsOfServer(this.#security, clientAuth === "cert" ? "must" : "may");
  }

  /** A connection has come, and is a stranger. */
  arrived(connection: C): void {
    const late = (): void =>
      this.#close(connection, `it has not shown who it is within ${this.#withinMs} ms`);
    this.#strangers.set(connection, setTimeout(late, this.#withinMs));
    if (this.#strangers.size <= STRANGERS_MAX) return;
    this.#close(connection, `more than ${STRANGERS_MAX} connections have not shown who they are`);
  }

  /** Its TLS handshake is over. */
  shaken(connection: C, socket: Socket<unknown>, isDone: boolean, error: Error | null): void {
    const { clientAuth, clusterId } = this.#security;
    const names = certifiedNames(socket);
    if (names !== undefined && readName(names)?.clusterId === clusterId)
      return this.left(connection);
    // Who may show a token instead need not have a certificate at all, or may have one of others.
    if (!isDone) return this.#close(connection, tlsFailure(error));
    if (clientAuth === "none") return this.left(connection);
    if (clientAuth === "token") return;
    const what = error === null ? "the certificate is of another cluster" : tlsFailure(error);
    this.#close(connection, what);
  }

  isStranger(connection: C): boolean {
    return this.#strangers.has(connection);
  }

  /** By all the bytes that came so far of a stranger; it is none any more when it is admitted. */
  judge(connection: C, bytes: Uint8Array): Verdict {
    const { tokens } = this.#security;
    if (tokens === null) return { kind: "wait" };
    const verdict = judgeFirst(bytes, tokens);
    if (verdict.kind === "admit") this.left(connection);
    return verdict;
  }

  /** It is gone, or known. */
  left(connection: C): void {
    clearTimeout(this.#strangers.get(connection));
    this.#strangers.delete(connection);
  }
}
