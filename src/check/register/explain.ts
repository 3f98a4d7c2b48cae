import { NO_RETURN } from "../../history/op.ts";
import { shortName, valueName } from "../describe.ts";
import type { Forced, KeyHistory } from "../path.ts";
import { client, hadSeen, saw } from "../words.ts";
import type { Children, Conflict } from "./blocks.ts";
import { type Clusters, INITIAL, NO_CLUSTER } from "./clusters.ts";

/** What a contradiction says of itself (PathVerdict). */
type Illegal = {
  readonly kind: "illegal";
  readonly core: readonly number[];
  readonly sentence: string;
  readonly arrows: readonly Forced[];
};

/** `child` is null too where the conflict is about who follows whom. */
type LiveClusters = Clusters & { readonly isLive: Uint8Array; readonly child: Children };

/** A read of what nobody wrote. */
export function explainUnwritten(key: KeyHistory, place: number): Illegal {
  return illegal([place], `${got(key, place)}, which nobody had written`, []);
}

/** The operations of a conflict, what forces their order, and one sentence. O(n). */
export function explainConflict(
  key: KeyHistory,
  clusters: LiveClusters,
  conflict: Conflict,
): Illegal {
  const found = explain(key, clusters, conflict);
  return { ...found, core: withEvidence(key, clusters, found.core) };
}

function explain(key: KeyHistory, clusters: LiveClusters, conflict: Conflict): Illegal {
  switch (conflict.kind) {
    case "rootless": {
      const cas = clusters.writer[conflict.cluster]!;
      return illegal([cas], `${expecting(key, cas)}, which nobody had written`, []);
    }
    case "forked":
      return forked(key, clusters, conflict.first, conflict.second);
    case "circular":
      return circular(key, clusters, conflict.cluster);
    case "within":
      return within(key, clusters, conflict.cluster);
    case "between":
      return conflict.earlier === INITIAL
        ? sinceTheBeginning(key, clusters, conflict.later)
        : between(key, clusters, conflict.earlier, conflict.later);
  }
}

const illegal = (
  core: readonly number[],
  sentence: string,
  arrows: readonly Forced[],
): Illegal => ({
  kind: "illegal",
  core: [...new Set(core)].filter((place) => place >= 0).sort((a, b) => a - b),
  sentence,
  arrows,
});

const realTime = (before: number, after: number): Forced => ({ before, after, why: "realTime" });
const byValue = (before: number, after: number): Forced => ({ before, after, why: "value" });

const did = ({ history, operations }: KeyHistory, place: number): string =>
  saw(history, operations.ops[place]!);
const hadDone = ({ history, operations }: KeyHistory, place: number): string =>
  hadSeen(history, operations.ops[place]!);

/** `a get by client 7 returned v41`, where it is about who wrote that and not about when */
function got({ history, operations }: KeyHistory, place: number): string {
  const row = operations.ops[place]!;
  return `a get by ${client(history, row)} returned ${valueName(history, row)}`;
}

/** `a cas by client 7 found v41` */
function expecting({ history, operations }: KeyHistory, place: number): string {
  const row = operations.ops[place]!;
  const value = history.expectedValue?.[row] ?? -1;
  const name = value < 0 ? "nothing" : shortName(history.values.name(value));
  return `a cas by ${client(history, row)} found ${name}`;
}

/** The core, and for each write in it that never returned what shows that it happened. */
function withEvidence(
  { operations }: KeyHistory,
  { of, parent, isLive }: LiveClusters,
  core: readonly number[],
): readonly number[] {
  const all = new Set(core);
  // What is added may be pending itself, and is looked at in its turn.
  for (const place of all) {
    const c = of[place]!;
    if (operations.ret[place] !== NO_RETURN) continue;
    const shows = (by: number): boolean =>
      by !== place && (of[by] === c || (parent?.[of[by]!] === c && isLive[of[by]!] === 1));
    // Not one that may be pending too, if there is another: two could be each other's evidence.
    const isProof = (by: number): boolean => shows(by) && operations.ret[by] !== NO_RETURN;
    if ([...all].some(isProof)) continue;
    const proof = of.findIndex((_, by) => isProof(by));
    all.add(proof >= 0 ? proof : of.findIndex((_, by) => shows(by)));
  }
  return [...all].sort((a, b) => a - b);
}

function forked(key: KeyHistory, clusters: Clusters, a: number, b: number): Illegal {
  const [first, second] = [clusters.writer[a]!, clusters.writer[b]!];
  const origin = clusters.writer[clusters.parent![a]!]!;
  const once = origin < 0 ? "which was there only once" : "which was written once";
  const sentence = `${expecting(key, first)}, and ${expecting(key, second)}, ${once}`;
  return illegal([first, second, origin], sentence, [
    byValue(first, second),
    byValue(second, first),
  ]);
}

function circular(key: KeyHistory, clusters: Clusters, cluster: number): Illegal {
  const circle: number[] = [];
  for (let c = cluster; circle.length === 0 || c !== cluster; c = clusters.parent![c]!) {
    circle.push(c);
  }
  const shown = extremes(key, clusters, circle).first;
  const core = [shown, ...circle.map((c) => clusters.writer[c]!)];
  const arrows = circle.map((c) =>
    byValue(clusters.writer[clusters.parent![c]!]!, clusters.writer[c]!),
  );
  const sentence = `${circle.length} compare-and-sets form a circle: each expected what another of them wrote`;
  return illegal(core, sentence, arrows);
}

/** Of the operations of some clusters: which returned first, and which was called last. O(n). */
function extremes(
  { operations: { ret, call } }: KeyHistory,
  { of, count }: Clusters,
  among: readonly number[],
): { readonly first: number; readonly last: number } {
  const isAmong = new Uint8Array(count);
  for (const c of among) isAmong[c] = 1;
  let first = -1;
  let last = -1;
  for (let i = 0; i < of.length; i++) {
    if (of[i]! < 0 || isAmong[of[i]!] === 0) continue;
    if (ret[i] !== NO_RETURN && (first < 0 || ret[i]! < ret[first]!)) first = i;
    if (last < 0 || call[i]! > call[last]!) last = i;
  }
  return { first, last };
}

/** The clusters of the chain that ends with `cluster`, that one last. */
function chainTo({ parent }: Clusters, cluster: number): number[] {
  const chain = [cluster];
  for (let c = parent?.[cluster] ?? -1; c >= 0; c = parent![c]!) chain.push(c);
  return chain.reverse();
}

/** An operation of `cluster` returned before something in the chain up to it was called. */
function within(key: KeyHistory, clusters: LiveClusters, cluster: number): Illegal {
  const { writer, of, lastCall } = clusters;
  const { call, ret } = key.operations;
  const early = extremes(key, clusters, [cluster]).first;
  const chain = chainTo(clusters, cluster);
  let at = chain.length - 1;
  let late = writer[cluster]!;
  // The nearest will do: all from there on is part of the proof.
  while (late < 0 || late === early || call[late]! < ret[early]!) {
    const c = chain[--at]!;
    const isWrite = lastCall[c]! < ret[early]!;
    late = isWrite ? writer[c]! : extremes(key, clusters, [c]).last;
  }
  const links = chain.slice(at).map((c) => writer[c]!);
  const row = key.operations.ops[late]!;
  const whose = client(key.history, row);
  const begun = isRead(clusters, late) ? "began to read" : "sent";
  const value = valueName(key.history, row);
  const sentence =
    of[late] === cluster
      ? `${got(key, early)} before ${whose} sent it`
      : `${did(key, early)} before ${whose} ${begun} ${value}, which compare-and-sets turned into that`;
  return illegal([early, late, ...links], sentence, [byValue(late, early), realTime(early, late)]);
}

/** The clusters of the block that begins with `head`. */
function blockOf({ child }: LiveClusters, head: number): readonly number[] {
  const block: number[] = [];
  for (let c = head; c >= 0; c = child?.[c] ?? NO_CLUSTER) block.push(c);
  return block;
}

/**
 * Each of two blocks has an operation that returned before one of the other was called. What had
 * returned first in one precedes what was called last in the other, so all of that block precedes
 * all of the other: which was called last there too.
 */
function between(key: KeyHistory, clusters: LiveClusters, a: number, b: number): Illegal {
  const one = extremes(key, clusters, blockOf(clusters, a));
  const other = extremes(key, clusters, blockOf(clusters, b));
  // Two writes cannot be what was called last in each block: one of them returned too early.
  const [back, middle] = isRead(clusters, one.last) ? [one, other] : [other, one];
  const links = [...linksOf(clusters, one), ...linksOf(clusters, other)];
  const core = [back.first, back.last, middle.first, middle.last, ...links];
  const sentence = `${did(key, back.last)} after ${hadDone(key, middle.first)}`;
  return illegal(core, sentence, [
    realTime(middle.first, back.last),
    byValue(back.last, middle.first),
    realTime(back.first, middle.last),
  ]);
}

/** Something found the key in the state it began with, after an operation of block `head`. */
function sinceTheBeginning(key: KeyHistory, clusters: LiveClusters, head: number): Illegal {
  const { last } = extremes(key, clusters, blockOf(clusters, INITIAL));
  const { first } = extremes(key, clusters, blockOf(clusters, head));
  const chain = chainTo(clusters, clusters.of[last]!).map((c) => clusters.writer[c]!);
  const sentence = `${did(key, last)} after ${hadDone(key, first)}`;
  return illegal([last, first, ...chain], sentence, [realTime(first, last), byValue(last, first)]);
}

const isRead = ({ of, writer }: Clusters, place: number): boolean => writer[of[place]!] !== place;

/** The compare-and-sets that lead from one of two operations of a block to the other. */
function linksOf(
  clusters: Clusters,
  { first, last }: { readonly first: number; readonly last: number },
): readonly number[] {
  const { of } = clusters;
  const one = chainTo(clusters, of[first]!);
  const other = chainTo(clusters, of[last]!);
  const [long, short] = one.length > other.length ? [one, other] : [other, one];
  return long.slice(short.length).map((c) => clusters.writer[c]!);
}
