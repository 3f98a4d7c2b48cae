import { existsSync } from "node:fs";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { readIds } from "../../runtime/settings.ts";
import type { Authority } from "../../security/authority.ts";
import {
  addToken,
  caFile,
  certFile,
  ensureAuthority,
  ensureCluster,
  nodeFileName,
  nodeSettingsOf,
  openAuthority,
  tokenFile,
  writePair,
} from "../../security/cert-dir.ts";
import type { CertifiedName } from "../../security/names.ts";
import { wholeNumber } from "../cluster/check.ts";
import { certificatesIn } from "./show.ts";

const NODE_ID_MAX = 65_535;
const DAYS_MAX = 3650;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Names of other files of such a directory. */
const TAKEN = /^(ca|token|node-\d+)$/;

const say = (text: string): void => console.log(text);

export type CreateOptions = {
  readonly dir: string;
  readonly cluster: string;
  readonly nodes: string;
  readonly host: readonly string[];
  readonly days: number;
};

/** Makes what is missing; what is there stays. Throws UserError that lists every problem. */
export async function createAll({ dir, cluster, nodes, host, days }: CreateOptions): Promise<void> {
  const problems: Problem[] = [];
  const ids = readIds(nodes);
  if (ids === null || ids.length === 0) {
    const fix = "give ids like 1-3 or 1,2,5";
    problems.push({ where: "--nodes", what: `"${nodes}" names no nodes`, fix });
  }
  if (!/^[\x21-\x7e]{1,64}$/.test(cluster)) {
    const what = `"${cluster}" is not 1 to 64 printable ASCII characters`;
    problems.push({ where: "--cluster", what, fix: "give the name that the nodes have" });
  }
  const hosts = new Map<number, string[]>();
  for (const text of host) {
    const match = /^(\d{1,5})=(\S+)$/.exec(text);
    const id = Number(match?.[1]);
    if (match !== null && ids?.includes(id) === true) {
      hosts.set(id, [...(hosts.get(id) ?? []), match[2]!]);
    } else problems.push({ where: "--host", what: `"${text}"`, fix: "write ID=HOST of a node" });
  }
  if (problems.length > 0) throw new UserError("bad option", problems);
  wholeNumber("--days", days, 1, DAYS_MAX);
  if (existsSync(caFile(dir))) await refuseOther(dir, cluster);
  await ensureAuthority(dir, cluster);
  await ensureCluster(
    dir,
    cluster,
    ids!.map((id) => ({ id, hosts: hosts.get(id) ?? [] })),
    days,
  );
  say(`${dir} has an authority, certificates of ${ids!.length} nodes and a client, and a token`);
  const { tls, tokenFile: tokens } = nodeSettingsOf(dir);
  const { ca, cert, key } = tls;
  say(`nodes: --tls-ca ${ca} --tls-cert ${cert} --tls-key ${key} --token-file ${tokens}`);
  say("keep ca-key.pem elsewhere: only who makes certificates needs it");
}

export async function createNode(
  dir: string,
  id: number,
  hosts: readonly string[],
  days: number,
): Promise<void> {
  wholeNumber("--id", id, 1, NODE_ID_MAX);
  const { authority, clusterId } = await opened(dir, days);
  const name = nodeFileName(id);
  await writePair(dir, name, authority, { owner: { kind: "node", clusterId, id }, hosts, days });
  say(`wrote ${certFile(dir, name)} and its key`);
}

export async function createClient(dir: string, name: string, days: number): Promise<void> {
  if (!NAME.test(name) || TAKEN.test(name)) {
    const what = `"${name}" cannot name the files of a client`;
    const fix = "use letters, digits, dots and dashes; not ca, token or node-N";
    throw new UserError("bad option", [{ where: "--name", what, fix }]);
  }
  const { authority, clusterId } = await opened(dir, days);
  const owner: CertifiedName = { kind: "client", clusterId, name };
  await writePair(dir, name, authority, { owner, hosts: [], days });
  say(`wrote ${certFile(dir, name)} and its key`);
}

export function createToken(dir: string): void {
  addToken(dir);
  say(`${tokenFile(dir)} has a new token in its first line; those below go on to be taken`);
}

/** Those that end within `withinDays` days. */
export async function renewAll(dir: string, days: number, withinDays: number): Promise<void> {
  wholeNumber("--within", withinDays, 0, 100_000);
  const { authority } = await opened(dir, days);
  const { hostsOf } = await import("../../security/authority.ts");
  const due = certificatesIn(dir).filter(({ daysLeft }) => daysLeft <= withinDays);
  for (const { name, owner, pem } of due) {
    if (owner === null) continue; // The authority, or somebody else's.
    await writePair(dir, name, authority, { owner, hosts: hostsOf(pem), days });
    say(`renewed ${certFile(dir, name)}`);
  }
  if (!due.some(({ owner }) => owner !== null)) say(`none ends within ${withinDays} days`);
}

async function opened(
  dir: string,
  days: number,
): Promise<{ readonly authority: Authority; readonly clusterId: string }> {
  wholeNumber("--days", days, 1, DAYS_MAX);
  const authority = await openAuthority(dir);
  const { clusterOf } = await import("../../security/authority.ts");
  return { authority, clusterId: clusterOf(authority) };
}

async function refuseOther(dir: string, cluster: string): Promise<void> {
  const { clusterOf } = await import("../../security/authority.ts");
  const has = clusterOf(await openAuthority(dir));
  if (has === cluster) return;
  const what = `is the authority of cluster "${has}"`;
  const fix = `use another directory: who has a certificate of one cluster has none of another`;
  throw new UserError("the authority is of another cluster", [{ where: caFile(dir), what, fix }]);
}
