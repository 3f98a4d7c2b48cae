import type { Socket } from "bun";
import { connectNode, RefusedError } from "../security/connect-node.ts";
import type { Credentials } from "../security/credentials.ts";
import { readAuthReply } from "../wire/auth.ts";
import { ByteWriter } from "../wire/bytes.ts";
import {
  CLUSTER_INFO_BYTES_MAX,
  type ClusterInfo,
  readClusterInfo,
  writeClusterRequest,
} from "../wire/cluster-info.ts";
import { FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { invalid } from "./data.ts";
import type { ClusterView } from "./types.ts";

export type Address = { readonly host: string; readonly port: number };

/** What a port that speaks TLS sends, and no more, to who does not. */
const TLS_ALERT = 0x15;
const TLS_ALERT_BYTES = 7;
/** When one node has answered, the others have so long to. */
const GRACE_MS = 200;

/** Throws OperationFailedError, code `invalid`, that names every address that is none. */
export function parseAddresses(nodes: readonly string[]): readonly Address[] {
  const bad: string[] = [];
  const addresses = nodes.map((node) => {
    const match = /^(?:\[([^\]\s]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(node.trim());
    const port = Number(match?.[3]);
    if (match === null || port < 1 || port > 65_535) bad.push(node);
    return { host: match?.[1] ?? match?.[2] ?? "", port };
  });
  if (nodes.length === 0) throw invalid('no node is named: give nodes: ["host:port", …]');
  if (bad.length > 0) throw invalid(`no "host:port": ${bad.map((b) => `"${b}"`).join(", ")}`);
  return addresses;
}

export type Discovery =
  | { readonly kind: "found"; readonly view: ClusterView }
  /** Nobody answered; a line for each node that was asked. `isRefused`: all are there, and none speaks to us. */
  | { readonly kind: "silent"; readonly why: readonly string[]; readonly isRefused: boolean };

/**
 * Asks nodes which cluster they are of, all at once. What they tell is joined; a node that was asked and
 * answered is reached where it was asked, the others where the answers say.
 */
export async function discover(
  asked: readonly Address[],
  withinMs: number,
  credentials: Credentials | null,
): Promise<Discovery> {
  const found: { readonly at: Address; readonly info: ClusterInfo }[] = [];
  const why: string[] = [];
  let refusals = 0;
  const first = Promise.withResolvers<void>();
  const all = asked.map(async (at) => {
    try {
      found.push({ at, info: await askNode(at, withinMs, credentials) });
      first.resolve();
    } catch (error) {
      if (error instanceof RefusedError) refusals++;
      why.push(`${addressText(at)}: ${(error as Error).message}`);
    }
  });
  await Promise.race([first.promise, Promise.all(all)]);
  if (found.length > 0 && found.length + why.length < asked.length) {
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, GRACE_MS);
    await Promise.race([grace.promise, Promise.all(all)]);
    clearTimeout(timer);
  }
  const clusterId = found[0]?.info.clusterId;
  if (clusterId === undefined) {
    return { kind: "silent", why, isRefused: refusals === asked.length };
  }
  const other = found.find(({ info }) => info.clusterId !== clusterId);
  if (other !== undefined) {
    const ids = `"${clusterId}" and "${other.info.clusterId}"`;
    throw invalid(`the nodes are of different clusters: ${ids} (${addressText(other.at)})`);
  }
  return { kind: "found", view: joined(clusterId, found) };
}

function joined(
  clusterId: string,
  found: readonly { readonly at: Address; readonly info: ClusterInfo }[],
): ClusterView {
  const nodes = new Map<number, Address>();
  for (const { info } of found) {
    for (const { id, host, clientPort } of info.nodes) nodes.set(id, { host, port: clientPort });
  }
  for (const { at, info } of found) nodes.set(info.id, at);
  return {
    clusterId,
    shards: found[0]!.info.shards,
    nodes: [...nodes].sort(([a], [b]) => a - b).map(([id, { host, port }]) => ({ id, host, port })),
  };
}

export const addressText = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Asks one node on a connection of its own. Throws Error that says what went wrong. */
async function askNode(
  at: Address,
  withinMs: number,
  credentials: Credentials | null,
): Promise<ClusterInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<ClusterInfo>();
  const reader = new FrameReader(CLUSTER_INFO_BYTES_MAX);
  let socket: Socket | null = null;
  let isOver = false;
  const timer = setTimeout(() => reject(new Error(`no answer in ${withinMs} ms`)), withinMs);
  connectNode(at, credentials, {
    open: (opened) => {
      socket = opened;
      if (isOver) return void opened.terminate();
      const w = new ByteWriter(64);
      writeClusterRequest(w);
      opened.write(w.written(), 0, w.offset); // A few bytes: an empty socket takes them all.
    },
    data: (_, chunk) => {
      if (chunk[0] === TLS_ALERT && chunk.length <= TLS_ALERT_BYTES) {
        return reject(new RefusedError("it speaks TLS: give tls, and a token if it takes one"));
      }
      try {
        reader.push(chunk, ({ kind, body }) => {
          if (kind === KIND.authReply) {
            return reject(new RefusedError(readAuthReply(body).refusal ?? ""));
          }
          if (kind !== KIND.clusterReply) throw new Error(`a frame of kind ${kind}`);
          resolve(readClusterInfo(body));
        });
      } catch (error) {
        reject(new Error(`this is no client port of Ordeal (${(error as Error).message})`));
      }
    },
    drain: () => {},
    close: () => reject(new Error("closed the connection: is it a client port of Ordeal?")),
    error: (_, error) => reject(error),
  }).catch(reject);
  try {
    return await promise;
  } finally {
    isOver = true;
    clearTimeout(timer);
    (socket as Socket | null)?.terminate();
  }
}
