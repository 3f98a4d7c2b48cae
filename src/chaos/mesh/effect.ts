/** Pods that a fault acts on. `some`: only Chaos Mesh can choose, when the fault begins. */
export type Who =
  | { readonly kind: "nodes"; readonly ids: readonly number[] }
  | { readonly kind: "all" }
  | { readonly kind: "some"; readonly count: number };

/** Which packets between `who` and `target`: those that `who` sends, those it receives, or both. */
export type Direction = "to" | "from" | "both";

/** What a kind of Chaos Mesh does; field names are those of its API (api/v1alpha1 of v2.7). */
export type Effect =
  | { readonly kind: "PodChaos"; readonly spec: { readonly action: "pod-failure" } }
  | {
      readonly kind: "NetworkChaos";
      readonly target: Who;
      readonly spec: { readonly direction: Direction } & NetworkSpec;
    }
  | {
      readonly kind: "TimeChaos";
      readonly spec: { readonly timeOffset: string; readonly clockIds: readonly string[] };
    }
  | { readonly kind: "IOChaos"; readonly spec: IoSpec };

export type NetworkSpec =
  | { readonly action: "partition" }
  | { readonly action: "loss"; readonly loss: { readonly loss: string; readonly correlation: "0" } }
  | {
      readonly action: "duplicate";
      readonly duplicate: { readonly duplicate: string; readonly correlation: "0" };
    }
  | {
      readonly action: "delay";
      readonly delay: {
        readonly latency: string;
        readonly jitter: string;
        readonly correlation: "0";
        readonly reorder?: {
          readonly reorder: string;
          readonly correlation: "0";
          readonly gap: number;
        };
      };
    }
  | {
      readonly action: "bandwidth";
      readonly bandwidth: {
        readonly rate: string;
        readonly limit: number;
        readonly buffer: number;
      };
    };

export type IoSpec = { readonly volumePath: string; readonly percent: 100 } & (
  | { readonly action: "latency"; readonly delay: string }
  | { readonly action: "fault"; readonly errno: number; readonly methods: readonly string[] }
);

/** One thing that Chaos Mesh does, from when to when. */
export type Span = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly who: Who;
  readonly effect: Effect;
  /** The fault of the scenario, in words. */
  readonly about: string;
  /** How it differs from that. */
  readonly notes: readonly string[];
};

/** A fault of the scenario that Chaos Mesh cannot express. */
export type LeftOut = { readonly atMs: number; readonly about: string; readonly why: string };
