import { type Link, resolveNodes, resolvePartition } from "../../fault/resolve.ts";
import type { Fault, NodeSpec } from "../../fault/vocabulary.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Effect, Who } from "./effect.ts";

type Part = { readonly who: Who; readonly effect: Effect };

const LEADER_SIDE = "on which side the leader is cannot be said: the sides are drawn without it";

/** The nodes of the cluster, and who of them faults mean: drawn by the seed, but the leader, whom nobody knows. */
export class Pods {
  readonly #ids: readonly number[];
  readonly #random: Prng;
  readonly #down = new Set<number>();

  constructor(nodes: number, random: Prng) {
    this.#ids = Array.from({ length: nodes }, (_, i) => i + 1);
    this.#random = random;
  }

  /** Those that a fault means, of those that run. */
  drawn(spec: NodeSpec): Who {
    if (spec.kind === "leader" || spec.kind === "leaderOf") return { kind: "some", count: 1 };
    if (spec.kind === "followers") return { kind: "some", count: this.#ids.length - 1 };
    const up = this.#ids.filter((id) => !this.#down.has(id));
    return this.#who(this.#resolve(spec, up));
  }

  /** The same, and they are down from now on. */
  crashed(spec: NodeSpec): Who {
    const who = this.drawn(spec);
    for (const id of this.#idsOf(who)) this.#down.add(id);
    return who;
  }

  /** Those of the crashed that a restart means; they run again. Null: all, also those that nobody knows. */
  restarted(spec: NodeSpec): readonly number[] | null {
    const ids = this.#resolve(spec, [...this.#down]);
    for (const id of ids) this.#down.delete(id);
    return spec.kind === "all" ? null : ids;
  }

  /** Of whom these are cut off; of those that Chaos Mesh draws: of all, themselves among them. */
  others(who: Who): Who {
    if (who.kind !== "nodes") return { kind: "all" };
    return { kind: "nodes", ids: this.#ids.filter((id) => !who.ids.includes(id)) };
  }

  partition(fault: Extract<Fault, { kind: "partition" }>): {
    readonly parts: readonly Part[];
    readonly notes: readonly string[];
  } {
    const cut = resolvePartition(fault, { nodes: this.#ids, leader: 0 }, this.#random);
    const isAboutLeader = fault.shape === "halves" && fault.leaderIn !== "any";
    return { parts: cutParts(cut.links), notes: isAboutLeader ? [LEADER_SIDE] : [] };
  }

  #resolve(spec: NodeSpec, eligible: readonly number[]): readonly number[] {
    return resolveNodes(spec, { nodes: this.#ids, leader: 0 }, eligible, this.#random);
  }

  #who(ids: readonly number[]): Who {
    return ids.length === this.#ids.length ? { kind: "all" } : { kind: "nodes", ids };
  }

  #idsOf(who: Who): readonly number[] {
    return who.kind === "nodes" ? who.ids : who.kind === "all" ? this.#ids : [];
  }
}

/** Cuts of these directed links: senders that are cut off of the same nodes together, both ways at once if they are. */
function cutParts(links: readonly Link[]): readonly Part[] {
  const receivers = new Map<number, number[]>();
  for (const { from, to } of links) receivers.set(from, [...(receivers.get(from) ?? []), to]);
  const groups = new Map<string, { from: number[]; to: readonly number[] }>();
  for (const from of [...receivers.keys()].sort((a, b) => a - b)) {
    const to = receivers.get(from)!.sort((a, b) => a - b);
    const group = groups.get(to.join());
    if (group === undefined) groups.set(to.join(), { from: [from], to });
    else group.from.push(from);
  }
  const done = new Set<string>();
  return [...groups.values()].flatMap(({ from, to }): readonly Part[] => {
    const name = `${from.join()} ${to.join()}`;
    if (done.has(name)) return [];
    const back = groups.get(from.join());
    const isBoth = back !== undefined && back.from.join() === to.join();
    if (isBoth) done.add(`${to.join()} ${from.join()}`);
    const spec = { direction: isBoth ? "both" : "to", action: "partition" } as const;
    const target: Who = { kind: "nodes", ids: to };
    return [{ who: { kind: "nodes", ids: from }, effect: { kind: "NetworkChaos", target, spec } }];
  });
}
