import { fetchNode } from "../security/keyring.ts";
import type { NodeAddress, NodeConfigFile } from "../runtime/config.ts";
import type { NodeStatusReport } from "../runtime/node-status.ts";

const TELL_WITHIN_MS = 5_000;

/** What a node's admin port answered; 0: nothing. */
export type AdminReply = {
  readonly status: number;
  readonly outcome: "done" | "refused" | "failed";
  readonly reason: string;
};

/** Sends one request to a node's admin port (runtime/http/admin.ts). Never rejects. */
export async function askAdmin(
  { host, httpPort }: NodeAddress,
  method: "POST" | "PUT",
  path: string,
  body: unknown,
  withinMs: number,
): Promise<AdminReply> {
  try {
    const response = await fetchNode({ host, port: httpPort }, `/admin/${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
      signal: AbortSignal.timeout(withinMs),
    });
    const said = (await response.json()) as Partial<AdminReply> & { readonly error?: string };
    const { outcome = "refused", reason = said.error ?? "" } = said;
    return { status: response.status, outcome, reason };
  } catch (error) {
    return { status: 0, outcome: "failed", reason: (error as Error).message };
  }
}

/** Tells a running node where the nodes are. One that does not hear it reads the file at its start. */
export async function tellNodes(
  node: NodeAddress,
  where: Pick<NodeConfigFile, "nodes" | "links">,
): Promise<void> {
  await askAdmin(node, "PUT", "nodes", where, TELL_WITHIN_MS);
}

/** All that a node says of itself; null: it does not answer. */
export async function askReport(
  { host, httpPort }: NodeAddress,
  withinMs: number,
): Promise<NodeStatusReport | null> {
  try {
    const signal = AbortSignal.timeout(withinMs);
    const response = await fetchNode({ host, port: httpPort }, "/status", { signal });
    return response.ok ? ((await response.json()) as NodeStatusReport) : null;
  } catch {
    return null;
  }
}
