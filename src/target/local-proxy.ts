import type { LinkSetting } from "../fault/link-table.ts";
import { TermWatch } from "../fault/message-rules.ts";
import type { Link } from "../fault/resolve.ts";
import { Prng } from "../lib/prng.ts";
import { readLines } from "./json-lines.ts";
import { type LinkBreak, ProxyLink } from "./proxy-link.ts";
import type { Endpoint } from "./proxy-pipe.ts";

/** The first line on the standard input of a proxy process. */
export type ProxySpec = {
  /** Every link draws from a stream of its own, forked from it. */
  readonly seed: number;
  readonly links: readonly (Endpoint & { readonly from: number; readonly to: number })[];
};

/** Every further line. It is answered once it is in force: `open` by "ready", `count` by "counted", the others by "ack". */
export type ProxyCommand =
  | {
      readonly kind: "break";
      readonly id: number;
      readonly how: LinkBreak;
      readonly links: readonly Link[];
    }
  | { readonly kind: "set"; readonly id: number; readonly links: readonly LinkSetting[] }
  | { readonly kind: "count"; readonly id: number }
  | { readonly kind: "open"; readonly id: number; readonly links: ProxySpec["links"] };

/** What a proxy process says: one JSON line each. */
export type ProxyEvent =
  | {
      readonly kind: "ready";
      /** Where `from` is to dial to reach `to` through the proxy. */
      readonly links: readonly {
        readonly from: number;
        readonly to: number;
        readonly port: number;
      }[];
    }
  | { readonly kind: "ack"; readonly id: number }
  /** Frames that were sent on all links so far. */
  | { readonly kind: "counted"; readonly id: number; readonly frames: number };

/**
 * Runs a proxy on every directed link of a cluster: reads a ProxySpec and then ProxyCommands from
 * `input`, says ProxyEvents, and resolves when `input` ends, all links closed.
 */
export async function runProxy(
  input: ReadableStream<Uint8Array>,
  say: (event: ProxyEvent) => void,
): Promise<void> {
  const links = new Map<string, ProxyLink>();
  const terms = new TermWatch();
  let seed: number | null = null;
  try {
    for await (const line of readLines(input)) {
      if (seed === null) {
        const spec = JSON.parse(line) as ProxySpec;
        seed = spec.seed;
        say({ kind: "ready", links: openLinks(spec, links, terms) });
        continue;
      }
      const command = JSON.parse(line) as ProxyCommand;
      if (command.kind === "open") {
        say({ kind: "ready", links: openLinks({ seed, links: command.links }, links, terms) });
        continue;
      }
      if (command.kind === "count") {
        const frames = [...links.values()].reduce((sum, link) => sum + link.frames, 0);
        say({ kind: "counted", id: command.id, frames });
        continue;
      }
      if (command.kind === "break") {
        for (const { from, to } of command.links) links.get(`${from}>${to}`)?.break(command.how);
      } else {
        for (const { from, to, state } of command.links) links.get(`${from}>${to}`)?.set(state);
      }
      say({ kind: "ack", id: command.id });
    }
  } finally {
    for (const link of links.values()) link.stop();
  }
}

function openLinks(
  spec: ProxySpec,
  links: Map<string, ProxyLink>,
  terms: TermWatch,
): { from: number; to: number; port: number }[] {
  const seed = new Prng(spec.seed);
  return spec.links.map(({ from, to, host, port }) => {
    const name = `${from}>${to}`;
    const link = new ProxyLink({ host, port }, seed.fork(`link ${name}`), terms);
    links.set(name, link);
    return { from, to, port: link.port };
  });
}
