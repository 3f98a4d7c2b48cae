import { type Problem, UserError } from "../../lib/user-error.ts";
import { dnsSource } from "./dns-source.ts";
import { fileSource } from "./file-source.ts";
import { parseSeed, type Seed } from "./seed.ts";

/** Where the addresses of other nodes come from; chosen by the scheme of a URL. */
export type Source = {
  /** As the person gave it. */
  readonly url: string;
  /** Between two looks while nothing is wrong. */
  readonly everyMs: number;
  /** The ids that the source names before any node answers; null: it names none. */
  readonly ids: readonly number[] | null;
  /** All nodes that it tells of now. Rejects with an Error that says why it cannot. */
  resolve(): Promise<readonly Seed[]>;
};

const EVERY_MS = { list: 10_000, file: 1_000, dns: 10_000 } as const;
const MS_PER = { ms: 1, s: 1000, m: 60_000 } as const;
const SCHEMES = "list:host:port,…, file:///path, dns+srv://name or dns+a://name:port";

/**
 * A source of addresses from its URL. All ports are HTTP ports: a node is asked there who it is.
 *
 *   host:port,host:port            a seed list; `list:` or `static:` may stand before it
 *   1=host:port,2=host:port        the same, and an address that another node answers is refused
 *   file:///etc/ordeal/nodes.yaml  a list in a file (YAML, TOML or JSON), read again when it changes
 *   dns+srv://_http._tcp.ordeal    SRV records: names and ports
 *   dns+a://ordeal.local:7301      A records, or AAAA if there are none, all with this port
 *
 * Parameters: `?every=10s` between two looks, and for DNS `&resolver=host:port` instead of the system's.
 * `where` names the setting in the messages. Throws UserError.
 */
export function parseSource(text: string, where: string): Source {
  const problem = (what: string, fix: string): UserError =>
    new UserError("cannot look for nodes there", [{ where, what: `"${text}": ${what}`, fix }]);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case "file":
    case "dns+srv":
    case "dns+a":
      break;
    default:
      if (text.includes("://")) throw problem("no such scheme", `use ${SCHEMES}`);
      return listSource(text, where);
  }
  const url = URL.parse(text);
  if (url === null) throw problem("is not a URL", `use ${SCHEMES}`);
  const known = scheme === "file" ? ["every"] : ["every", "resolver"];
  const odd = [...url.searchParams.keys()].find((name) => !known.includes(name));
  if (odd !== undefined) throw problem(`"${odd}" is no parameter`, `use ${known.join(", ")}`);
  const every = url.searchParams.get("every");
  const everyMs = every === null ? EVERY_MS[scheme === "file" ? "file" : "dns"] : millis(every);
  if (everyMs === null) throw problem(`every=${every} is no time`, "write 500ms, 10s or 1m");
  try {
    if (scheme === "file") return fileSource(text, decodeURIComponent(url.pathname), everyMs);
    return dnsSource(text, url, scheme, everyMs);
  } catch (error) {
    throw problem((error as Error).message, "correct it");
  }
}

function listSource(text: string, where: string): Source {
  const items = text
    .replace(/^(?:list|static):/i, "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const problems: Problem[] = [];
  const seeds: Seed[] = [];
  for (const item of items) {
    const seed = parseSeed(item);
    if (seed !== null) seeds.push(seed);
    else {
      const fix = `write host:port, or 2=host:port for node 2; or use ${SCHEMES}`;
      problems.push({ where, what: `"${item}" is no address of a node`, fix });
    }
  }
  if (items.length === 0) {
    problems.push({ where, what: "names no node", fix: "write host:port,host:port,…" });
  }
  const named = seeds.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (named.length > 0 && named.length < items.length) {
    problems.push({ where, what: "names some ids only", fix: "give all of them, or none" });
  }
  if (problems.length > 0) throw new UserError("cannot look for nodes there", problems);
  return {
    url: text,
    everyMs: EVERY_MS.list,
    // Without ids the order tells them, as it does for --nodes of other commands.
    ids: named.length > 0 ? named : seeds.map((_, i) => i + 1),
    resolve: () => Promise.resolve(seeds),
  };
}

/** null: not a time from 50 ms to an hour. */
function millis(text: string): number | null {
  const match = /^(\d{1,7})(ms|s|m)$/.exec(text);
  const ms = Number(match?.[1]) * MS_PER[(match?.[2] ?? "ms") as keyof typeof MS_PER];
  return ms >= 50 && ms <= 3_600_000 ? ms : null;
}
