import {
  type CredentialFiles,
  type Credentials,
  loadCredentials,
  tlsToNode,
} from "./credentials.ts";

/**
 * With what this process speaks to whom, by "host:port": as ~/.ssh/known_hosts does. An address is put here where the
 * process learns it together with its credentials: from the directory of a cluster, the config of a node, a load's
 * address; whoever dials it later need not know. What is not here is spoken to in plain text.
 */
const known = new Map<string, Credentials>();
const loaded = new Map<string, Credentials>();
/** Of a process that is a node itself: all it ever speaks to are nodes of its cluster. */
let own: Credentials | null = null;

export type Endpoint = { readonly host: string; readonly port: number };

const keyOf = ({ host, port }: Endpoint): string => `${host}:${port}`;

/** From now on these are spoken to so; `files` absent: in plain text. Throws UserError when files cannot be read. */
export function remember(
  endpoints: readonly Endpoint[],
  files: CredentialFiles | null | undefined,
): void {
  if (files === null || files === undefined) {
    for (const endpoint of endpoints) known.delete(keyOf(endpoint));
    return;
  }
  // Once a process: they are asked for again and again, and a process that renews them starts again.
  const name = JSON.stringify(files);
  const credentials = loaded.get(name) ?? loadCredentials(files);
  loaded.set(name, credentials);
  for (const endpoint of endpoints) known.set(keyOf(endpoint), credentials);
}

/** Both ports of these nodes that clients speak to. */
export const rememberNodes = (
  nodes: readonly {
    readonly host: string;
    readonly clientPort: number;
    readonly httpPort: number;
  }[],
  files: CredentialFiles | null | undefined,
): void =>
  remember(
    nodes.flatMap(({ host, clientPort, httpPort }) => [
      { host, port: clientPort },
      { host, port: httpPort },
    ]),
    files,
  );

/** This process is a node, and speaks with these to every other one. */
export function speakAs(credentials: Credentials | null): void {
  own = credentials;
}

/** Null: in plain text. */
export const credentialsFor = (host: string, port: number): Credentials | null =>
  known.get(keyOf({ host, port })) ?? own;

/** Asks the HTTP port of a node; `path` begins with a slash. Rejects as fetch does. */
export function fetchNode(
  { host, port }: Endpoint,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const credentials = credentialsFor(host, port);
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
  if (credentials === null) return fetch(`http://${at}`, init);
  const headers = new Headers(init.headers);
  if (credentials.token !== undefined) headers.set("Authorization", `Bearer ${credentials.token}`);
  return fetch(`https://${at}`, { ...init, headers, tls: tlsToNode(credentials) });
}
