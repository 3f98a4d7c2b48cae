import { fetchNode } from "../../security/keyring.ts";
import { UserError } from "../../lib/user-error.ts";
import type { AttachedNode } from "./attach-file.ts";

const AT_ONCE = 32;
const WITHIN_MS = 10_000;

/**
 * A history begins with keys that are absent: those that a load uses must be. Deletes them where that
 * is allowed; else throws UserError when there are some.
 */
export async function refuseUsedKeys(
  leader: AttachedNode,
  all: readonly string[],
  mayDelete: boolean,
): Promise<void> {
  for (let first = 0; first < all.length; first += AT_ONCE) {
    const keys = all.slice(first, first + AT_ONCE);
    const used = await Promise.all(keys.map((key) => isThere(leader, key)));
    const there = keys.filter((_, i) => used[i]);
    if (there.length > 0 && !mayDelete) {
      const what = `has the key ${there[0]}, which a load uses`;
      const fix = 'give an empty cluster, or let such keys be deleted: "clear": true in the file';
      throw new UserError("cannot attach", [{ where: "the attached cluster", what, fix }]);
    }
    await Promise.all(there.map((key) => ask(leader, key, "DELETE")));
  }
}

const isThere = async (leader: AttachedNode, key: string): Promise<boolean> =>
  (await ask(leader, key, "GET")).status !== 404;

async function ask(
  { id, host, httpPort }: AttachedNode,
  key: string,
  method: "GET" | "DELETE",
): Promise<Response> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  const response = await fetchNode({ host, port: httpPort }, `/kv/${key}`, { method, signal });
  if (response.ok || response.status === 404) return response;
  throw new Error(`node ${id} answered ${response.status} to ${method} ${key}`);
}
