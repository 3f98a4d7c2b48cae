import type { Prng } from "../../lib/prng.ts";
import type { SmallOp } from "./small.ts";

type Mutable = { -readonly [K in keyof SmallOp]: SmallOp[K] };

/**
 * Changes `ops` so that they may be linearizable no more: a reply that says something else, an
 * operation that was lost, happened twice, took longer or shorter, or was never answered. What
 * comes out is what clients might have seen: nothing that no reader would let pass.
 */
export function mutate(random: Prng, ops: SmallOp[]): void {
  if (ops.length === 0) return;
  random.pick(MUTATIONS)(random, ops);
}

type Mutation = (random: Prng, ops: SmallOp[]) => void;

/** Replaces one operation, picked among those that `suits`. */
function change(
  random: Prng,
  ops: SmallOp[],
  suits: (op: SmallOp) => boolean,
  how: (op: Mutable) => void,
): void {
  const places = [...ops.keys()].filter((i) => suits(ops[i]!));
  if (places.length === 0) return;
  const place = random.pick(places);
  const copy = { ...ops[place]! };
  how(copy);
  ops[place] = copy;
}

const isAnswered = ({ outcome }: SmallOp): boolean => outcome === "ok" || outcome === "mismatch";
const isRead = (op: SmallOp): boolean => op.op === "get" && op.outcome === "ok";
const isConditional = ({ op, expected }: SmallOp): boolean => op === "cas" || expected >= 0;

/** A time within the history, and a little after it, that no event has. */
const anyTime = (random: Prng, ops: readonly SmallOp[]): number =>
  random.float() * (Math.max(...ops.map(({ call, ret }) => ret ?? call)) + 1);

/** What another operation read or wrote is read: often an older value. */
const staleRead: Mutation = (random, ops) =>
  change(random, ops, isRead, (op) => {
    const other = random.pick(ops);
    op.value = other.value;
    if (op.version >= 0) op.version = random.chance(0.7) ? Math.max(0, other.version) : op.version;
  });

/** Texts of appends in another order, twice, or with a piece missing. */
const garbledRead: Mutation = (random, ops) =>
  change(random, ops, isRead, (op) => {
    const parts = (op.value ?? "").match(/v\d+/g) ?? [];
    const extra = random.pick(ops).value?.match(/v\d+/)?.[0] ?? "v0";
    const at = random.below(parts.length + 1);
    const what = random.below(3);
    if (what === 0) parts.splice(at, 1);
    else if (what === 1) parts.splice(at, 0, extra);
    else parts.splice(0, parts.length, ...random.shuffle(parts));
    op.value = parts.length === 0 ? null : parts.join("");
  });

const otherVersion: Mutation = (random, ops) =>
  change(
    random,
    ops,
    ({ version }) => version >= 0,
    (op) => {
      op.version = random.chance(0.3) ? -1 : Math.max(0, op.version + random.between(-1, 1));
    },
  );

const otherExpectation: Mutation = (random, ops) =>
  change(random, ops, isConditional, (op) => {
    if (op.op === "cas") op.expectedValue = random.pick(ops).value;
    else op.expected = Math.max(0, op.expected + random.between(-1, 1));
  });

const otherArgument: Mutation = (random, ops) =>
  change(
    random,
    ops,
    ({ op }) => op === "put" || op === "cas",
    (op) => {
      op.value = random.pick(ops).value ?? op.value;
    },
  );

/** Done instead of refused, or the other way round. */
const otherOutcome: Mutation = (random, ops) =>
  change(
    random,
    ops,
    (op) => isConditional(op) && isAnswered(op),
    (op) => {
      op.outcome = op.outcome === "ok" ? "mismatch" : "ok";
    },
  );

const neverAnswered: Mutation = (random, ops) =>
  change(random, ops, isAnswered, (op) => {
    Object.assign(op, { outcome: "info", ret: null, version: -1, index: 0 });
    if (op.op === "get") op.value = null;
  });

const answeredAfterAll: Mutation = (random, ops) =>
  change(
    random,
    ops,
    ({ outcome }) => outcome === "info",
    (op) => {
      op.outcome = "ok";
      op.ret = Math.max(op.call, anyTime(random, ops)) + random.float();
    },
  );

const didNotHappen: Mutation = (random, ops) =>
  change(random, ops, isAnswered, (op) => {
    Object.assign(op, { outcome: "fail", version: -1, index: 0 });
    if (op.op === "get") op.value = null;
  });

const otherTimes: Mutation = (random, ops) =>
  change(
    random,
    ops,
    () => true,
    (op) => {
      if (op.ret === null) {
        op.call = anyTime(random, ops);
        return;
      }
      const times = [anyTime(random, ops), anyTime(random, ops)];
      if (random.chance(0.5)) times[0] = op.call;
      else if (random.chance(0.5)) times[1] = op.ret;
      op.call = Math.min(...times);
      op.ret = Math.max(...times);
    },
  );

/** Nothing that took long; what took long has less to hide behind. */
const shorter: Mutation = (random, ops) =>
  change(
    random,
    ops,
    ({ ret }) => ret !== null,
    (op) => {
      const at = op.call + (op.ret! - op.call) * random.float();
      if (random.chance(0.5)) op.ret = at + random.float() / 1e3;
      else op.call = at;
    },
  );

const lost: Mutation = (random, ops) => {
  ops.splice(random.below(ops.length), 1);
};

const twice: Mutation = (random, ops) => {
  const op = random.pick(ops);
  const call = anyTime(random, ops);
  ops.push({ ...op, call, ret: op.ret === null ? null : call + random.exponential(3) });
};

/** The results of two operations of a kind, each for the other. */
const swapped: Mutation = (random, ops) => {
  const first = random.below(ops.length);
  const second = random.below(ops.length);
  const [a, b] = [ops[first]!, ops[second]!];
  if (!isAnswered(a) || !isAnswered(b) || (a.op === "get") !== (b.op === "get")) return;
  const result = ({ value, version, index }: SmallOp): Partial<SmallOp> =>
    a.op === "get" ? { value, version, index } : { version, index };
  ops[first] = { ...a, ...result(b) };
  ops[second] = { ...b, ...result(a) };
};

/** A log index that is not told, or not true: no verdict may rest on it. */
const otherIndex: Mutation = (random, ops) =>
  change(
    random,
    ops,
    ({ index }) => index > 0,
    (op) => {
      op.index = random.chance(0.4) ? 0 : Math.max(1, op.index + random.between(-2, 2));
    },
  );

const MUTATIONS: readonly Mutation[] = [
  ...[staleRead, staleRead, staleRead, garbledRead, otherVersion, otherExpectation],
  ...[otherArgument, otherOutcome, neverAnswered, answeredAfterAll, didNotHappen],
  ...[otherTimes, otherTimes, shorter, lost, twice, swapped, otherIndex],
];
