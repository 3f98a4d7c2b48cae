import { type Problem, UserError } from "../lib/user-error.ts";
import type { ListenAddress, PortName } from "./config.ts";

type Server = { stop(): unknown };

const WHY: Readonly<Record<string, { readonly what: string; readonly fix: string }>> = {
  EADDRINUSE: { what: "is in use", fix: "end the process that listens there, or use another port" },
  EACCES: { what: "may not be listened on", fix: "use a port above 1023" },
  EADDRNOTAVAIL: { what: "is not of this machine", fix: "use a host of this machine" },
};

/** How each server of a node is opened. */
type Openers<P extends Server, C extends Server, H extends Server> = {
  readonly peerPort: () => P;
  readonly clientPort: () => C;
  readonly httpPort: () => H;
};

/**
 * Opens the three servers of a node, or none. Throws UserError that lists every port that cannot be
 * had, and why.
 */
export function listenAll<P extends Server, C extends Server, H extends Server>(
  address: ListenAddress,
  openers: Openers<P, C, H>,
): { readonly peers: P; readonly clients: C; readonly http: H } {
  const problems: Problem[] = [];
  const attempt = <S extends Server>(name: PortName, open: () => S): S | null => {
    try {
      return open();
    } catch (error) {
      problems.push(portProblem(address, name, error as NodeJS.ErrnoException));
      return null;
    }
  };
  const peers = attempt("peerPort", openers.peerPort);
  const clients = attempt("clientPort", openers.clientPort);
  const http = attempt("httpPort", openers.httpPort);
  if (peers !== null && clients !== null && http !== null) return { peers, clients, http };
  for (const server of [peers, clients, http]) server?.stop();
  throw new UserError(`node ${address.id} cannot listen`, problems);
}

function portProblem(
  address: ListenAddress,
  name: PortName,
  error: NodeJS.ErrnoException,
): Problem {
  const where = `${name} of node ${address.id}`;
  const endpoint = `${address.hosts[name]}:${address[name]}`;
  const why = WHY[error.code ?? ""];
  if (why !== undefined) return { where, what: `${endpoint} ${why.what}`, fix: why.fix };
  return { where, what: `${endpoint}: ${error.message}`, fix: "use another host or port" };
}
