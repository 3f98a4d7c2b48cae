import type { Fault, FaultKind } from "../../fault/vocabulary.ts";
import type { Effect, NetworkSpec, Who } from "./effect.ts";
import type { Pods } from "./pods.ts";

/** What stands for a fault: effects, and what ends them; or why there is nothing. */
export type Mapped =
  | {
      readonly kind: "mapped";
      readonly parts: readonly { readonly who: Who; readonly effect: Effect }[];
      readonly notes: readonly string[];
      /** Null: it ends by itself, after `lastsMs`, or at the end of the run. */
      readonly until: "restart" | "heal" | "unclog" | null;
      readonly lastsMs?: number;
    }
  | { readonly kind: "none"; readonly why: string };

/** A queue and a bucket as `tc tbf` wants them, from the examples of Chaos Mesh. */
const BANDWIDTH_LIMIT_BYTES = 20_971_520;
const BANDWIDTH_BUFFER_BYTES = 10_000;
const EIO = 5;
const ENOSPC = 28;

const NOTES = {
  leader: "the leader cannot be selected: whichever pod Chaos Mesh draws, which may be a follower",
  followers: "followers cannot be selected: all pods but one, drawn by Chaos Mesh",
  failure: "the container ends by SIGTERM (its image is exchanged), and not by SIGKILL",
  power: "what was not synced stays: the disk of a pod does not lose it",
  cut: "packets are kept back and sent again by TCP; the scenario loses frames",
  lost: "packets are lost, and TCP sends them again: frames come late, and none is missing",
  twice: "packets come twice, and TCP leaves one out: no frame comes twice",
  order:
    "packets overtake each other, and TCP puts them in order again: frames come late, in order",
  tail: "the long tail of delays is left out: netem has none",
  rate: "one limit for all that a pod sends to those pods, not one for each link",
  stall: "each operation is delayed by so much, also the last one within the time",
  full: "whatever writes or creates fails, also where it would take no space",
  clock: "the clock goes back when the fault ends; that of the scenario stays ahead",
} as const;

const UNMAPPED: Partial<Record<FaultKind, string>> = {
  pause: "Chaos Mesh has no SIGSTOP",
  reset: "Chaos Mesh cannot reset open connections",
  halfOpen: "Chaos Mesh cannot drop single connections without telling their ends",
  message: "Chaos Mesh does not know the protocol's messages",
  clockRate: "TimeChaos shifts a clock, and does not change its rate",
  clockStrobe: "TimeChaos shifts a clock once, not over and over",
  membership: "an order to the cluster: give it by `ordeal cluster` or HTTP meanwhile",
  reshard: "an order to the cluster: give it by `ordeal shards` meanwhile",
  transfer: "an order to the cluster: give it by `ordeal cluster transfer` meanwhile",
  snapshot: "an order to the cluster: give it by `ordeal cluster snapshot` meanwhile",
  wipe: "the volume of a pod outlives it: delete its claim by kubectl meanwhile",
  bitFlip: "IOChaos changes what is read, and not what the disk of a stopped node holds",
};

const percentText = (ratio: number): string => String(Number((ratio * 100).toFixed(4)));

/** Maps one fault, lifts aside. `pods` draws nodes as the scenario would. */
export function effectsOf(fault: Fault, pods: Pods, volumePath: string): Mapped {
  switch (fault.kind) {
    case "crash":
    case "stop":
    case "powerLoss": {
      const effect: Effect = { kind: "PodChaos", spec: { action: "pod-failure" } };
      const notes = {
        crash: [NOTES.failure],
        stop: [],
        powerLoss: [NOTES.failure, NOTES.power],
      }[fault.kind];
      return onNodes(pods.crashed(fault.nodes), effect, "restart", notes);
    }
    case "isolate": {
      const who = pods.drawn(fault.nodes);
      const direction = ({ both: "both", in: "from", out: "to" } as const)[fault.direction];
      const effect: Effect = {
        ...{ kind: "NetworkChaos", target: pods.others(who) },
        spec: { direction, action: "partition" },
      };
      return onNodes(who, effect, "heal", [NOTES.cut]);
    }
    case "partition": {
      const { parts, notes } = pods.partition(fault);
      return { kind: "mapped", parts, notes: [NOTES.cut, ...notes], until: "heal" };
    }
    case "loss":
      return onLinks(pods, fault.nodes, lossSpec(fault.ratio), [NOTES.lost]);
    case "duplicate":
      return onLinks(pods, fault.nodes, duplicateSpec(fault.ratio), [NOTES.twice]);
    case "delay": {
      const { ms, jitterMs, tail } = fault;
      const delay = { latency: `${ms}ms`, jitter: `${jitterMs}ms`, correlation: "0" } as const;
      const notes = tail === undefined ? [] : [NOTES.tail];
      return onLinks(pods, fault.nodes, { action: "delay", delay }, notes);
    }
    case "reorder": {
      // netem sends so many at once, and delays the others: the reverse of what the scenario says.
      const reorder = { reorder: percentText(1 - fault.ratio), correlation: "0", gap: 1 } as const;
      const late = { latency: `${fault.withinMs}ms`, jitter: "0ms", correlation: "0" } as const;
      const spec = { action: "delay", delay: { ...late, reorder } } as const;
      return onLinks(pods, fault.nodes, spec, [NOTES.order]);
    }
    case "bandwidth": {
      // "bps" are bytes a second there.
      const rate = `${Math.max(1, Math.round(fault.bytesPerSecond))}bps`;
      const bandwidth = { rate, limit: BANDWIDTH_LIMIT_BYTES, buffer: BANDWIDTH_BUFFER_BYTES };
      return onLinks(pods, fault.nodes, { action: "bandwidth", bandwidth }, [NOTES.rate]);
    }
    case "clog":
      return onLinks(pods, fault.nodes, { action: "partition" }, [], "unclog");
    case "clockJump": {
      const spec = { timeOffset: `${fault.ms}ms`, clockIds: ["CLOCK_MONOTONIC"] };
      return onNodes(pods.drawn(fault.nodes), { kind: "TimeChaos", spec }, null, [NOTES.clock]);
    }
    case "diskStall": {
      const spec = { volumePath, percent: 100, action: "latency", delay: `${fault.ms}ms` } as const;
      const mapped = onNodes(pods.drawn(fault.nodes), { kind: "IOChaos", spec }, null, [
        NOTES.stall,
      ]);
      return { ...mapped, lastsMs: fault.ms };
    }
    case "diskError":
    case "diskFull":
      return diskFault(fault, pods.drawn(fault.nodes), volumePath);
    default:
      return { kind: "none", why: UNMAPPED[fault.kind] ?? "Chaos Mesh has nothing like it" };
  }
}

function diskFault(
  fault: Extract<Fault, { kind: "diskError" | "diskFull" }>,
  who: Who,
  volumePath: string,
): Mapped {
  const isFull = fault.kind === "diskFull";
  const methods = isFull
    ? ["write", "create", "mkdir"]
    : fault.operation === "sync"
      ? ["fsync", "fsyncdir"]
      : ["write"];
  const errno = isFull ? ENOSPC : EIO;
  const spec = { volumePath, percent: 100, action: "fault", errno, methods } as const;
  return onNodes(who, { kind: "IOChaos", spec }, "heal", isFull ? [NOTES.full] : []);
}

const lossSpec = (ratio: number): NetworkSpec => ({
  action: "loss",
  loss: { loss: percentText(ratio), correlation: "0" },
});

const duplicateSpec = (ratio: number): NetworkSpec => ({
  action: "duplicate",
  duplicate: { duplicate: percentText(ratio), correlation: "0" },
});

function onNodes(
  who: Who,
  effect: Effect,
  until: "restart" | "heal" | null,
  notes: readonly string[],
): Extract<Mapped, { kind: "mapped" }> {
  return {
    ...{ kind: "mapped", parts: [{ who, effect }], until },
    notes: [...notes, ...chosenNotes(who)],
  };
}

/** On every link that begins or ends at one of the nodes. */
function onLinks(
  pods: Pods,
  nodes: Parameters<Pods["drawn"]>[0],
  network: NetworkSpec,
  notes: readonly string[],
  until: "heal" | "unclog" = "heal",
): Mapped {
  const who = pods.drawn(nodes);
  const part = (from: Who, target: Who, direction: "to" | "both") => ({
    who: from,
    effect: { kind: "NetworkChaos", target, spec: { direction, ...network } } as const,
  });
  const others = pods.others(who);
  const parts =
    who.kind === "some"
      ? [part(who, { kind: "all" }, "both")]
      : who.kind === "all" || isNobody(others)
        ? [part({ kind: "all" }, { kind: "all" }, "to")]
        : [part(who, { kind: "all" }, "to"), part(others, who, "to")];
  return { kind: "mapped", parts, notes: [...notes, ...chosenNotes(who)], until };
}

export const isNobody = (who: Who): boolean => who.kind === "nodes" && who.ids.length === 0;

const chosenNotes = (who: Who): readonly string[] => {
  if (who.kind !== "some") return [];
  return [who.count === 1 ? NOTES.leader : NOTES.followers];
};
