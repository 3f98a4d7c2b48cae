import type { Cluster } from "../target.ts";
import { until } from "../until.ts";

const WITHIN_MS = 15_000;
const ASK_WITHIN_MS = 5_000;

/** Puts a value by HTTP, at whichever node leads, until it is acknowledged. */
export async function put(cluster: Cluster, key: string, value: string): Promise<void> {
  await until(`${key} is written`, WITHIN_MS, () => putOnce(cluster, key, value));
}

/** Tries once, and says whether it was acknowledged. */
export async function putOnce(cluster: Cluster, key: string, value: string): Promise<boolean> {
  return (await ask(cluster, key, { method: "PUT", body: value }))?.ok === true;
}

/** The value of a key, from whichever node leads. */
export function get(cluster: Cluster, key: string): Promise<string> {
  return until(`${key} is read`, WITHIN_MS, async () => {
    const response = await ask(cluster, key, {});
    return response?.ok === true ? response.text() : null;
  });
}

/** Null: nobody leads, or the one that does did not answer. */
async function ask(cluster: Cluster, key: string, init: RequestInit): Promise<Response | null> {
  const statuses = await cluster.status(ASK_WITHIN_MS);
  const leader = statuses.find(({ role }) => role === "leader");
  if (leader === undefined) return null;
  const url = `http://127.0.0.1:${leader.httpPort}/kv/${key}`;
  const signal = AbortSignal.timeout(ASK_WITHIN_MS);
  return fetch(url, { ...init, signal, redirect: "manual" }).catch(() => null);
}
