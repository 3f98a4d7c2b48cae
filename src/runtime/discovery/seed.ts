/** The HTTP port of a node: where it is asked who it is. */
export type Seed = {
  readonly host: string;
  readonly port: number;
  /** Who must answer there; absent: anybody of the cluster. */
  readonly id?: number;
};

const NODE_ID_MAX = 65_535;

/** `host:port`, `[::1]:port` or `2=host:port`; null: it is none of these. */
export function parseSeed(text: string): Seed | null {
  const match = /^(?:(\d{1,5})=)?(?:\[([0-9a-f:.]+)\]|([^\s:[\]=/]+)):(\d{1,5})$/i.exec(text);
  if (match === null) return null;
  const [, named, v6, name] = match;
  const port = Number(match[4]);
  const id = Number(named);
  if (port < 1 || port > 65_535) return null;
  const host = v6 ?? name!;
  if (named === undefined) return { host, port };
  return id >= 1 && id <= NODE_ID_MAX ? { host, port, id } : null;
}

export const seedText = ({ host, port }: Seed): string => `${urlHost(host)}:${port}`;

/** An IPv6 address needs brackets in a URL. */
export const urlHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);
