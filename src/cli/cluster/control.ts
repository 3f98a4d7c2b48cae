import { randomBytes, timingSafeEqual } from "node:crypto";
import { refuseOtherSites } from "../../security/browser-guard.ts";
import { UserError } from "../../lib/user-error.ts";
import type { LocalSupervisor } from "../../target/local-supervisor.ts";
import { type ControlRequest, type ControlState, Obeyed, parseRequest } from "./obey.ts";
import { type ClusterRecord, runningCluster } from "./record.ts";

export type ControlReply =
  | { readonly ok: true; readonly added: readonly number[] }
  | { readonly ok: false; readonly error: string; readonly problems: UserError["problems"] | null };

/** Where a supervisor takes requests; the token is in DIR/cluster.json, which only its owner can read. */
export type ControlAddress = Pick<ClusterRecord, "controlPort" | "controlToken">;

const COMMAND_LINE = "command line";
const BODY_BYTES_MAX = 1 << 20;

/**
 * Listens for the requests of `ordeal cluster add` and the like, on this machine only. The nodes are
 * children of this process, so only it can start one that ends with the others.
 *
 *   GET /    the ControlState
 *   POST /   a ControlRequest; X-Ordeal-By: who asks
 *
 * Both need `Authorization: Bearer TOKEN`, so that no page in a browser and no other user of the machine can
 * break the cluster.
 */
export function serveControl(
  supervisor: LocalSupervisor,
  onChanged: () => void,
): ControlAddress & { stop(): Promise<void> } {
  const obeyed = new Obeyed(supervisor);
  const controlToken = randomBytes(24).toString("base64url");
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    maxRequestBodySize: BODY_BYTES_MAX,
    async fetch(request, server) {
      // Before the token is looked at: no page of a browser has any business here.
      if (refuseOtherSites(request, []) !== null) return new Response(null, { status: 403 });
      const given = Buffer.from(request.headers.get("authorization") ?? "");
      const right = Buffer.from(`Bearer ${controlToken}`);
      if (given.length !== right.length || !timingSafeEqual(given, right)) {
        return new Response(null, { status: 401 });
      }
      if (request.method === "GET") return Response.json(obeyed.state);
      server.timeout(request, 0); // A change of membership lasts until the new nodes have caught up.
      const by = request.headers.get("x-ordeal-by") ?? COMMAND_LINE;
      const reply = await replyTo(obeyed, await request.json().catch(() => null), by);
      onChanged();
      return Response.json(reply);
    },
  });
  return { controlPort: server.port!, controlToken, stop: () => server.stop(true) };
}

async function replyTo(obeyed: Obeyed, document: unknown, by: string): Promise<ControlReply> {
  try {
    return { ok: true, added: await obeyed.obey(parseRequest(document), by) };
  } catch (error) {
    const problems = error instanceof UserError ? error.problems : null;
    return { ok: false, error: (error as Error).message, problems };
  }
}

/**
 * Asks the cluster in `dir`. Resolves to the ids of new nodes. Throws UserError when there is no
 * cluster or it cannot be asked for that, Error when it did not get there.
 */
export const control = async (dir: string, request: ControlRequest): Promise<readonly number[]> =>
  controlAt(runningCluster(dir), request, COMMAND_LINE);

/** As `control`, of a supervisor whose address is known; `by` says who asks. */
export async function controlAt(
  { controlPort, controlToken }: ControlAddress,
  request: ControlRequest,
  by: string,
): Promise<readonly number[]> {
  const response = await fetch(`http://127.0.0.1:${controlPort}/`, {
    method: "POST",
    headers: { Authorization: `Bearer ${controlToken}`, "X-Ordeal-By": by },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`the supervisor answered ${response.status}`);
  const reply = (await response.json()) as ControlReply;
  if (reply.ok) return reply.added;
  if (reply.problems !== null) throw new UserError("the cluster was left as it is", reply.problems);
  throw new Error(reply.error);
}

/** What a supervisor knows now; null when it does not answer within `withinMs`: it has ended, most likely. */
export async function controlState(
  { controlPort, controlToken }: ControlAddress,
  withinMs: number,
): Promise<ControlState | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${controlPort}/`, {
      headers: { Authorization: `Bearer ${controlToken}` },
      signal: AbortSignal.timeout(withinMs),
    });
    return response.ok ? ((await response.json()) as ControlState) : null;
  } catch {
    return null;
  }
}

/** Prints what became of a request. */
export function tell(text: string, added: readonly number[], json: boolean): void {
  console.log(json ? JSON.stringify({ ok: true, added }) : text);
}
