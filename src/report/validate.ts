import * as v from "valibot";
import { FSYNC_MODES } from "../lib/fsync.ts";
import { parseDocument } from "./parse-document.ts";
import { FIGURE_UNITS, type Report, SCHEMA } from "./schema.ts";

const VerdictSchema = v.picklist(["pass", "fail", "unknown"]);
const FigureOrNull = v.nullable(v.number());

const CountsSchema = v.object({ ok: v.number(), fail: v.number(), info: v.number() });

const LatencySchema = v.object({
  count: v.number(),
  mean: v.number(),
  p50: v.number(),
  p90: v.number(),
  p99: v.number(),
  p999: v.number(),
  max: v.number(),
});

const LoadResultSchema = v.object({
  startedAtUs: v.number(),
  measuredMs: v.number(),
  counts: CountsSchema,
  throughput: v.number(),
  response: LatencySchema,
  service: LatencySchema,
  byOp: v.record(v.string(), v.object({ counts: CountsSchema, service: LatencySchema })),
  curve: v.array(v.tuple([v.number(), v.number()])),
  lateness: LatencySchema,
  dropped: v.number(),
  shed: v.optional(v.number()),
  cpu: v.number(),
  generators: v.optional(v.number()),
  unread: v.optional(v.number()),
  void: v.nullable(v.string()),
});

const FaultBandSchema = v.object({
  label: v.string(),
  kind: v.string(),
  nodes: v.array(v.number()),
  fromUs: v.number(),
  toUs: v.number(),
});

const ClusterEventSchema = v.object({
  atUs: v.number(),
  node: v.number(),
  kind: v.picklist(["started", "becameLeader", "steppedDown", "termChanged", "snapshotInstalled"]),
  term: v.number(),
});

const NodeMemorySchema = v.object({
  node: v.number(),
  atUs: v.array(v.number()),
  rssBytes: v.array(v.number()),
});

const PhaseSchema = v.object({ throughput: v.number(), p99Us: FigureOrNull });

const ProbesSchema = v.object({
  faults: v.array(
    v.object({
      label: v.string(),
      fromUs: v.number(),
      toUs: v.number(),
      before: PhaseSchema,
      during: PhaseSchema,
      after: PhaseSchema,
      detectedMs: FigureOrNull,
      electedMs: FigureOrNull,
      firstAckMs: FigureOrNull,
      backAfterMs: FigureOrNull,
    }),
  ),
  unavailable: v.array(v.object({ fromUs: v.number(), toUs: v.number() })),
});

const ShardTimelineSchema = v.object({
  configs: v.array(v.object({ num: v.number(), atUs: v.number(), groups: v.array(v.number()) })),
  migrations: v.array(
    v.object({
      ...{ shard: v.number(), from: v.number(), to: v.number() },
      ...{ num: v.number(), fromUs: v.number(), toUs: v.number() },
    }),
  ),
});

const TimelineSchema = v.pipe(
  v.object({
    startUs: v.number(),
    intervalMs: v.pipe(v.number(), v.gtValue(0)),
    ok: v.array(v.number()),
    fail: v.array(v.number()),
    info: v.array(v.number()),
    p50: v.array(FigureOrNull),
    p99: v.array(FigureOrNull),
    faults: v.array(FaultBandSchema),
    events: v.array(ClusterEventSchema),
    memory: v.optional(v.array(NodeMemorySchema)),
    shards: v.optional(ShardTimelineSchema),
  }),
  v.check(
    (t) => [t.fail, t.info, t.p50, t.p99].every((column) => column.length === t.ok.length),
    "the columns ok, fail, info, p50 and p99 differ in length",
  ),
);

const EvidenceSchema = v.object({
  process: v.number(),
  text: v.string(),
  callUs: v.number(),
  returnUs: FigureOrNull,
  events: v.optional(v.tuple([v.number(), FigureOrNull])),
});

export const CheckSchema = v.object({
  name: v.string(),
  verdict: VerdictSchema,
  detail: v.string(),
  evidence: v.array(EvidenceSchema),
  arrows: v.optional(
    v.array(
      v.object({
        before: v.number(),
        after: v.number(),
        why: v.picklist(["realTime", "value"]),
        text: v.string(),
      }),
    ),
  ),
  window: v.optional(
    v.object({
      key: v.string(),
      unit: v.picklist(["us", "event"]),
      operations: v.array(
        v.object({
          ...EvidenceSchema.entries,
          outcome: v.picklist(["ok", "refused", "failed", "unknown"]),
          core: v.number(),
          placed: v.number(),
        }),
      ),
      leftOut: v.number(),
    }),
  ),
});

const FigureSchema = v.object({
  name: v.string(),
  value: v.number(),
  unit: v.picklist(FIGURE_UNITS),
  goal: v.nullable(v.union([v.object({ atMost: v.number() }), v.object({ atLeast: v.number() })])),
  note: v.string(),
});

const RatioSchema = v.object({
  ratio: FigureOrNull,
  low: FigureOrNull,
  high: FigureOrNull,
  confidence: v.number(),
  pairs: v.array(v.number()),
});

const ArmSchema = v.object({ name: v.string(), version: v.string(), client: v.string() });

const ArmFiguresSchema = v.object({
  nodes: v.number(),
  durability: v.object({ survives: v.string(), how: v.string() }),
  throughput: v.number(),
  p50Us: v.number(),
  p99Us: v.number(),
  notOk: v.number(),
  generatorCpu: v.number(),
});

const AgainstSchema = v.object({
  pairs: v.number(),
  arms: v.tuple([ArmSchema, ArmSchema]),
  cases: v.array(
    v.object({
      name: v.string(),
      arms: v.tuple([ArmFiguresSchema, ArmFiguresSchema]),
      ratio: v.object({ throughput: RatioSchema, p50: RatioSchema, p99: RatioSchema }),
    }),
  ),
  skipped: v.array(v.string()),
});

const StorySchema = v.object({
  title: v.string(),
  about: v.optional(v.string()),
  lanes: v.array(v.string()),
  rows: v.array(
    v.object({
      atMs: v.number(),
      kind: v.string(),
      lane: v.number(),
      fromLane: v.number(),
      sentMs: v.number(),
      text: v.string(),
      states: v.array(v.picklist(["up", "down", "paused"])),
    }),
  ),
  leftOut: v.number(),
});

export const CodeSchema = v.object({ commit: v.string(), dirty: v.boolean() });

export const EnvironmentSchema = v.object({
  bun: v.string(),
  os: v.string(),
  kernel: v.string(),
  cpu: v.string(),
  cores: v.number(),
  memoryBytes: v.number(),
});

/** Reports and comparisons are sorted by it. */
export const TimeSchema = v.pipe(
  v.string(),
  v.isoTimestamp("not a time as 2025-11-21T02:44:10.123Z"),
);

const SweepSchema = v.object({
  name: v.string(),
  sloP99Us: v.number(),
  steps: v.array(
    v.object({
      rate: v.number(),
      throughput: v.number(),
      p50Us: v.number(),
      p99Us: v.number(),
      ok: v.boolean(),
      limit: v.nullable(v.picklist(["slo", "throughput", "generator"])),
      why: v.nullable(v.string()),
    }),
  ),
  bestRate: FigureOrNull,
  failedRate: FigureOrNull,
  limit: v.nullable(v.picklist(["slo", "throughput", "generator"])),
});

const ReportSchema = v.object({
  schema: v.literal(SCHEMA),
  runId: v.string(),
  kind: v.picklist(["bench", "chaos", "demo"]),
  name: v.string(),
  about: v.string(),
  startedAt: TimeSchema,
  durationMs: v.number(),
  seed: v.number(),
  command: v.string(),
  config: v.unknown(),
  target: v.object({
    name: v.string(),
    version: v.string(),
    nodes: v.number(),
    storage: v.string(),
    fsync: v.optional(v.picklist(FSYNC_MODES)),
  }),
  code: CodeSchema,
  environment: EnvironmentSchema,
  verdict: VerdictSchema,
  checks: v.array(CheckSchema),
  loads: v.array(
    v.object({
      name: v.string(),
      result: LoadResultSchema,
      runs: v.optional(v.array(v.object({ throughput: v.number(), response: LatencySchema }))),
    }),
  ),
  figures: v.optional(v.array(FigureSchema)),
  sweeps: v.optional(v.array(SweepSchema)),
  against: v.optional(AgainstSchema),
  timeline: v.nullable(TimelineSchema),
  failovers: v.array(
    v.object({
      fault: v.string(),
      oldLeader: v.number(),
      newLeader: FigureOrNull,
      faultAtUs: v.number(),
      electedMs: FigureOrNull,
      firstAckMs: FigureOrNull,
    }),
  ),
  story: v.optional(StorySchema),
  probes: v.optional(ProbesSchema),
  artifacts: v.record(v.string(), v.string()),
});

/**
 * Reads the text of a report.json. `where` names the file in errors. Throws UserError for damaged JSON,
 * another schema, or missing or wrong fields.
 */
export const parseReport = (text: string, where: string): Report =>
  parseDocument(
    { noun: "report", file: "report.json", version: SCHEMA, schema: ReportSchema },
    text,
    where,
  );
