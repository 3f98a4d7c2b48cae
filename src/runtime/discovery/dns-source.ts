import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import { parseSeed, type Seed } from "./seed.ts";
import type { Source } from "./source.ts";

/** One attempt; then a second one. */
const ANSWER_WITHIN_MS = 1000;
const TRIES = 2;
const NO_RECORDS = ["ENODATA", "ENOTFOUND"];

/** The nodes that DNS names now. Throws Error when the URL lacks a part. */
export function dnsSource(
  url: string,
  { hostname, port, searchParams }: URL,
  scheme: "dns+srv" | "dns+a",
  everyMs: number,
): Source {
  if (hostname === "") throw new Error("names nothing to look up");
  if (scheme === "dns+a" && port === "") throw new Error("needs the HTTP port of the nodes");
  if (scheme === "dns+srv" && port !== "") throw new Error("has a port, but SRV records tell it");
  const resolver = new dns.Resolver({ timeout: ANSWER_WITHIN_MS, tries: TRIES });
  const server = searchParams.get("resolver");
  if (server !== null) {
    const at = parseSeed(server);
    if (at === null || isIP(at.host) === 0) {
      throw new Error(`resolver=${server} is no address:port of a DNS server`);
    }
    resolver.setServers([server]);
  }
  const resolve = async (): Promise<readonly Seed[]> => {
    if (scheme === "dns+a") {
      return (await addresses(resolver, hostname)).map((host) => ({ host, port: Number(port) }));
    }
    const records = await looked(resolver.resolveSrv(hostname), `SRV ${hostname}`);
    // Names of another server mean nothing to the system's resolver, which will dial them.
    if (server === null) return records.map(({ name, port }) => ({ host: name, port }));
    const seeds = records.map(async ({ name, port }) => {
      return (await addresses(resolver, name)).map((host) => ({ host, port }));
    });
    return (await Promise.all(seeds)).flat();
  };
  return { url, everyMs, ids: null, resolve };
}

async function addresses(resolver: dns.Resolver, name: string): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  try {
    return await resolver.resolve4(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENODATA") return looked(resolver.resolve6(name), `AAAA ${name}`);
    throw told(error, `A ${name}`);
  }
}

async function looked<T>(answer: Promise<T>, question: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw told(error, question);
  }
}

function told(error: unknown, question: string): Error {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (NO_RECORDS.includes(code)) return new Error(`DNS has no ${question}`);
  if (code === "ETIMEOUT") return new Error(`no DNS server answered ${question}`);
  return new Error(`DNS failed on ${question}: ${code || message}`);
}
