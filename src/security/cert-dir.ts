import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { Authority, Issued, Wanted } from "./authority.ts";
import type { CredentialFiles } from "./credentials.ts";
import { newToken } from "./tokens.ts";

/**
 * A directory of certificates:
 *
 *   ca.pem, ca-key.pem              the authority; its key is needed only to make more, and belongs elsewhere then
 *   node-N.pem, node-N-key.pem      one for each node
 *   NAME.pem, NAME-key.pem          of clients; "client" is the one that our own commands take
 *   token                           the token of clients
 *
 * Keys and the token are for their owner only (0600).
 */
export const caFile = (dir: string): string => join(dir, "ca.pem");
const caKeyFile = (dir: string): string => join(dir, "ca-key.pem");
export const certFile = (dir: string, name: string): string => join(dir, `${name}.pem`);
export const keyFile = (dir: string, name: string): string => join(dir, `${name}-key.pem`);
export const tokenFile = (dir: string): string => join(dir, "token");
export const nodeFileName = (id: number | string): string => `node-${id}`;
export const CLIENT_NAME = "client";
/** How long certificates are good that nobody gave another time: renewed once a year, with some to spare. */
export const CERT_DAYS = 400;
/** The authority outlives them. */
export const AUTHORITY_DAYS = 3650;

/** The library takes 100 ms to load: only where certificates are made. */
const library = (): Promise<typeof import("./authority.ts")> => import("./authority.ts");

/** The settings of nodes whose certificates are in `dir`; `{id}` in them is the node's. */
export const nodeSettingsOf = (dir: string) =>
  ({
    tls: {
      ca: caFile(dir),
      cert: certFile(dir, nodeFileName("{id}")),
      key: keyFile(dir, nodeFileName("{id}")),
    },
    clientAuth: "token",
    tokenFile: tokenFile(dir),
  }) as const;

/** What our own commands take of it. */
export const clientFilesOf = (dir: string): CredentialFiles => ({
  ca: caFile(dir),
  cert: certFile(dir, CLIENT_NAME),
  key: keyFile(dir, CLIENT_NAME),
  tokenFile: tokenFile(dir),
});

/** The authority of the directory. Throws UserError when it has none. */
export async function openAuthority(dir: string): Promise<Authority> {
  if (!existsSync(caFile(dir)) || !existsSync(caKeyFile(dir))) {
    const fix = `make one: ordeal certs create --dir ${dir} --cluster NAME`;
    throw new UserError("no authority", [
      { where: dir, what: "has no ca.pem and ca-key.pem", fix },
    ]);
  }
  const { readAuthority } = await library();
  try {
    return await readAuthority(
      readFileSync(caFile(dir), "utf8"),
      readFileSync(caKeyFile(dir), "utf8"),
    );
  } catch (error) {
    const what = `cannot be read: ${(error as Error).message}`;
    const fix = "give the directory that `ordeal certs create` made";
    throw new UserError("no authority", [{ where: caFile(dir), what, fix }]);
  }
}

/** The same, made if there is none. */
export async function ensureAuthority(dir: string, clusterId: string): Promise<Authority> {
  makePrivate(dir);
  if (existsSync(caFile(dir))) return openAuthority(dir);
  const { newAuthority, readAuthority } = await library();
  const made = await newAuthority(clusterId, AUTHORITY_DAYS);
  writeSecret(caKeyFile(dir), made.key);
  writePublic(caFile(dir), made.cert);
  return readAuthority(made.cert, made.key);
}

/** Makes a certificate and its key, in the place of those that are there. */
export async function writePair(
  dir: string,
  name: string,
  authority: Authority,
  wanted: Wanted,
): Promise<Issued> {
  const { issue } = await library();
  const issued = await issue(authority, wanted);
  writeSecret(keyFile(dir, name), issued.key);
  writePublic(certFile(dir, name), issued.cert);
  return issued;
}

/** Writes a token, unless there is one. */
export function ensureToken(dir: string): void {
  makePrivate(dir);
  if (!existsSync(tokenFile(dir))) writeSecret(tokenFile(dir), `${newToken()}\n`);
}

/** Puts a new token before those that are there, which go on to be taken. */
export function addToken(dir: string): void {
  makePrivate(dir);
  const path = tokenFile(dir);
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  writeSecret(path, `${newToken()}\n${before}`);
}

function makePrivate(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const what = (error as Error).message;
    const fix = "give a directory that this user can write to";
    throw new UserError("cannot keep certificates", [{ where: dir, what, fix }]);
  }
}

const writePublic = (path: string, text: string): void => replace(path, text, 0o644);
const writeSecret = (path: string, text: string): void => replace(path, text, 0o600);

/** In one step: whoever reads it meanwhile gets the old one or the new one. */
function replace(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  chmodSync(`${path}.new`, mode); // One that was left behind keeps its mode otherwise.
  renameSync(`${path}.new`, path);
}

/** Makes what is missing of a cluster's certificates: the authority, the nodes', a client's, a token. */
export async function ensureCluster(
  dir: string,
  clusterId: string,
  nodes: readonly { readonly id: number; readonly hosts: readonly string[] }[],
  days: number,
): Promise<void> {
  const authority = await ensureAuthority(dir, clusterId);
  for (const { id, hosts } of nodes) {
    const name = nodeFileName(id);
    if (existsSync(certFile(dir, name))) continue;
    const owner = { kind: "node", clusterId, id } as const;
    await writePair(dir, name, authority, { owner, hosts, days });
  }
  if (!existsSync(certFile(dir, CLIENT_NAME))) {
    const owner = { kind: "client", clusterId, name: CLIENT_NAME } as const;
    await writePair(dir, CLIENT_NAME, authority, { owner, hosts: [], days });
  }
  ensureToken(dir);
}
