import { UserError } from "../../lib/user-error.ts";
import {
  changeMembers,
  type MemberChange,
  takeSnapshots,
  transferLeadership,
} from "../../target/local-members.ts";
import type { LocalSupervisor } from "../../target/local-supervisor.ts";
import { runningCluster } from "./record.ts";

/** What a running cluster can be asked to do: one JSON document to its supervisor's port. */
export type ControlRequest =
  | ({ readonly kind: "change" } & MemberChange)
  | { readonly kind: "transfer"; readonly to: number }
  /** Of these nodes; empty: of all. */
  | { readonly kind: "snapshot"; readonly nodes: readonly number[] };

export type ControlReply =
  | { readonly ok: true; readonly added: readonly number[] }
  | { readonly ok: false; readonly error: string; readonly problems: UserError["problems"] | null };

/**
 * Listens for the requests of `ordeal cluster add` and the like, on this machine only. The nodes are
 * children of this process, so only it can start one that ends with the others.
 */
export function serveControl(
  supervisor: LocalSupervisor,
  onChanged: () => void,
): { readonly port: number; stop(): Promise<void> } {
  let last: Promise<unknown> = Promise.resolve();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request, server) {
      server.timeout(request, 0);
      const asked = (await request.json()) as ControlRequest;
      const reply = last.then(() => obey(supervisor, asked)).finally(onChanged);
      last = reply;
      return Response.json(await reply);
    },
  });
  return { port: server.port!, stop: () => server.stop(true) };
}

async function obey(supervisor: LocalSupervisor, asked: ControlRequest): Promise<ControlReply> {
  try {
    switch (asked.kind) {
      case "change":
        return { ok: true, added: await changeMembers(supervisor, asked) };
      case "transfer":
        await transferLeadership(supervisor, asked.to);
        return { ok: true, added: [] };
      default: {
        const nodes = asked.nodes.length > 0 ? asked.nodes : supervisor.nodeIds;
        await takeSnapshots(supervisor, nodes);
        return { ok: true, added: [] };
      }
    }
  } catch (error) {
    const problems = error instanceof UserError ? error.problems : null;
    return { ok: false, error: (error as Error).message, problems };
  }
}

/**
 * Asks the cluster in `dir`. Resolves to the ids of new nodes. Throws UserError when there is no
 * cluster or it cannot be asked for that, Error when it did not get there.
 */
export async function control(dir: string, request: ControlRequest): Promise<readonly number[]> {
  const { controlPort } = runningCluster(dir);
  const response = await fetch(`http://127.0.0.1:${controlPort}/`, {
    method: "POST",
    body: JSON.stringify(request),
  });
  const reply = (await response.json()) as ControlReply;
  if (reply.ok) return reply.added;
  if (reply.problems !== null) throw new UserError("the cluster was left as it is", reply.problems);
  throw new Error(reply.error);
}

/** Prints what became of a request. */
export function tell(text: string, added: readonly number[], json: boolean): void {
  console.log(json ? JSON.stringify({ ok: true, added }) : text);
}
