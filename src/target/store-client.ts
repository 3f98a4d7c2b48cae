import type { PlainClerk } from "../client/plain-clerk.ts";
import type { Completion } from "../client/ports.ts";
import { broken } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import { UserError } from "../lib/user-error.ts";
import type { NodeConnections } from "./connected.ts";
import { etcdClient } from "./etcd/client.ts";
import { OrdealClient } from "./ordeal-client.ts";
import { redisClient } from "./redis/client.ts";
import type { ClusterAddress } from "./target.ts";

const MODULE = "module:";

/**
 * Runs the operations of many clients against a system, in the protocol that it speaks. A client is
 * a slot with at most one operation outstanding. Whoever drives it calls `tick` no later than
 * `deadline`; times are milliseconds of performance.now().
 *
 * Every operation ends in one `onDone`, and its outcome is honest: DONE_OK it took effect once,
 * DONE_FAIL it did not and never will, DONE_INFO it may have or may yet.
 */
export type StoreClient = Omit<Clerks, "shed"> & { shed(): number } & Pick<
    NodeConnections<never>,
    "connected" | "close"
  >;

/** A protocol: what runs the operations, and the connections over which it does. */
export type ProtocolClient = {
  readonly clerk: Clerks;
  readonly connections: Pick<NodeConnections<never>, "connected" | "close">;
};

/** The operations of many clients, a slot each: what any clerk does for whoever drives it. */
export type Clerks = Pick<PlainClerk, "start" | "tick" | "deadline"> & {
  /** Operations since the start that it refused itself, as overloaded, and never sent. Absent: it does no such thing. */
  readonly shed?: number;
};

export type StoreClientOptions = {
  readonly address: ClusterAddress;
  /** Slots, numbered from 0. */
  readonly clients: number;
  /** Connections to each node that the slots share. */
  readonly connections: number;
  /** An operation is given up after so long. */
  readonly timeoutMs: number;
  /** As in LoadSpec. */
  readonly homeShare: number;
  /** Default 6. How often a clerk tries an operation again that was refused as overloaded, while its budget lasts. */
  readonly overloadRetries?: number | undefined;
  /** Whether somebody looks at the versions of completions: a protocol may have to pay for them. */
  readonly wantsVersions: boolean;
  readonly prng: Prng;
};

export type StoreClientEvents = {
  /** A slot's operation has ended; the next one may be started within the call. */
  onDone(slot: number, done: Completion, now: number): void;
  /** Bytes have come in or a connection has ended, and all onDone of it are through. */
  onInput(): void;
};

/** What a module exports as `openClient` for a protocol of its own. Connections come up by themselves. */
export type OpenClient = (options: StoreClientOptions, events: StoreClientEvents) => ProtocolClient;

const modules = new Map<string, OpenClient>();

/** Loads what speaks the protocol, if that is a module. Throws UserError when it exports no such thing. */
export async function loadProtocol({ target }: ClusterAddress): Promise<void> {
  if (!target.startsWith(MODULE) || modules.has(target)) return;
  const path = target.slice(MODULE.length);
  const problem = (what: string): UserError => {
    const fix = "write: export const openClient: OpenClient = …, see docs/targets.md";
    return new UserError("there is no client for the target", [{ where: path, what, fix }]);
  };
  let module: { readonly openClient?: OpenClient };
  try {
    module = (await import(path)) as typeof module;
  } catch (error) {
    throw problem(`cannot be loaded: ${(error as Error).message}`);
  }
  if (typeof module.openClient !== "function") throw problem("exports no openClient");
  modules.set(target, module.openClient);
}

/**
 * Opens the client of the protocol that the address names, which must have been loaded. Connections come
 * up by themselves.
 */
export function openStoreClient(
  options: StoreClientOptions,
  events: StoreClientEvents,
): StoreClient {
  const { clerk, connections } = openProtocol(options, events);
  return {
    start: clerk.start.bind(clerk),
    tick: clerk.tick.bind(clerk),
    deadline: clerk.deadline.bind(clerk),
    shed: () => clerk.shed ?? 0,
    connected: connections.connected.bind(connections),
    close: connections.close.bind(connections),
  };
}

function openProtocol(options: StoreClientOptions, events: StoreClientEvents): ProtocolClient {
  const { target } = options.address;
  switch (target) {
    case "ordeal":
      return new OrdealClient(options, events);
    case "etcd":
      return etcdClient(options, events);
    case "redis":
      return redisClient(options, events);
    default: {
      const open = modules.get(target);
      if (open === undefined) broken(`${target} has not been loaded`);
      return open(options, events);
    }
  }
}
