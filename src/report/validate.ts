import * as v from "valibot";
import { FSYNC_MODES } from "../lib/fsync.ts";
import { Figure, parseDocument } from "./parse-document.ts";
import { FIGURE_UNITS, type Report, SCHEMA } from "./schema.ts";

const VerdictSchema = v.picklist(["pass", "fail", "unknown"]);
const FigureOrNull = v.nullable(Figure);

const CountsSchema = v.object({ ok: Figure, fail: Figure, info: Figure });

const LatencySchema = v.object({
  count: Figure,
  mean: Figure,
  p50: Figure,
  p90: Figure,
  p99: Figure,
  p999: Figure,
  max: Figure,
});

const LoadResultSchema = v.object({
  startedAtUs: Figure,
  measuredMs: Figure,
  counts: CountsSchema,
  throughput: Figure,
  response: LatencySchema,
  service: LatencySchema,
  byOp: v.record(v.string(), v.object({ counts: CountsSchema, service: LatencySchema })),
  curve: v.array(v.tuple([Figure, Figure])),
  lateness: LatencySchema,
  dropped: Figure,
  shed: v.optional(Figure),
  cpu: Figure,
  generators: v.optional(Figure),
  unread: v.optional(Figure),
  void: v.nullable(v.string()),
});

const FaultBandSchema = v.object({
  label: v.string(),
  kind: v.string(),
  nodes: v.array(Figure),
  fromUs: Figure,
  toUs: Figure,
});

const ClusterEventSchema = v.object({
  atUs: Figure,
  node: Figure,
  kind: v.picklist(["started", "becameLeader", "steppedDown", "termChanged", "snapshotInstalled"]),
  term: Figure,
});

const NodeMemorySchema = v.object({
  node: Figure,
  atUs: v.array(Figure),
  rssBytes: v.array(Figure),
});

const PhaseSchema = v.object({ throughput: Figure, p99Us: FigureOrNull });

const ProbesSchema = v.object({
  faults: v.array(
    v.object({
      label: v.string(),
      fromUs: Figure,
      toUs: Figure,
      before: PhaseSchema,
      during: PhaseSchema,
      after: PhaseSchema,
      detectedMs: FigureOrNull,
      electedMs: FigureOrNull,
      firstAckMs: FigureOrNull,
      backAfterMs: FigureOrNull,
    }),
  ),
  unavailable: v.array(v.object({ fromUs: Figure, toUs: Figure })),
});

const ShardTimelineSchema = v.object({
  configs: v.array(v.object({ num: Figure, atUs: Figure, groups: v.array(Figure) })),
  migrations: v.array(
    v.object({
      ...{ shard: Figure, from: Figure, to: Figure },
      ...{ num: Figure, fromUs: Figure, toUs: Figure },
    }),
  ),
});

const TimelineSchema = v.pipe(
  v.object({
    startUs: Figure,
    intervalMs: v.pipe(Figure, v.gtValue(0)),
    ok: v.array(Figure),
    fail: v.array(Figure),
    info: v.array(Figure),
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
  process: Figure,
  text: v.string(),
  callUs: Figure,
  returnUs: FigureOrNull,
  events: v.optional(v.tuple([Figure, FigureOrNull])),
});

export const CheckSchema = v.object({
  name: v.string(),
  verdict: VerdictSchema,
  detail: v.string(),
  evidence: v.array(EvidenceSchema),
  arrows: v.optional(
    v.array(
      v.object({
        before: Figure,
        after: Figure,
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
          core: Figure,
          placed: Figure,
        }),
      ),
      leftOut: Figure,
    }),
  ),
});

const FigureSchema = v.object({
  name: v.string(),
  value: Figure,
  unit: v.picklist(FIGURE_UNITS),
  goal: v.nullable(v.union([v.object({ atMost: Figure }), v.object({ atLeast: Figure })])),
  note: v.string(),
});

const RatioSchema = v.object({
  ratio: FigureOrNull,
  low: FigureOrNull,
  high: FigureOrNull,
  confidence: Figure,
  pairs: v.array(Figure),
});

const ArmSchema = v.object({ name: v.string(), version: v.string(), client: v.string() });

const ArmFiguresSchema = v.object({
  nodes: Figure,
  durability: v.object({ survives: v.string(), how: v.string() }),
  throughput: Figure,
  p50Us: Figure,
  p99Us: Figure,
  notOk: Figure,
  generatorCpu: Figure,
});

const AgainstSchema = v.object({
  pairs: Figure,
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
      atMs: Figure,
      kind: v.string(),
      lane: Figure,
      fromLane: Figure,
      sentMs: Figure,
      text: v.string(),
      states: v.array(v.picklist(["up", "down", "paused"])),
    }),
  ),
  leftOut: Figure,
});

export const CodeSchema = v.object({ commit: v.string(), dirty: v.boolean() });

export const EnvironmentSchema = v.object({
  bun: v.string(),
  os: v.string(),
  kernel: v.string(),
  cpu: v.string(),
  cores: Figure,
  memoryBytes: Figure,
});

/** Reports and comparisons are sorted by it. */
export const TimeSchema = v.pipe(
  v.string(),
  v.isoTimestamp("not a time as 2025-11-21T02:44:10.123Z"),
);

const SweepSchema = v.object({
  name: v.string(),
  sloP99Us: Figure,
  steps: v.array(
    v.object({
      rate: Figure,
      throughput: Figure,
      p50Us: Figure,
      p99Us: Figure,
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
  durationMs: Figure,
  seed: Figure,
  command: v.string(),
  config: v.unknown(),
  target: v.object({
    name: v.string(),
    version: v.string(),
    nodes: Figure,
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
      runs: v.optional(v.array(v.object({ throughput: Figure, response: LatencySchema }))),
    }),
  ),
  figures: v.optional(v.array(FigureSchema)),
  sweeps: v.optional(v.array(SweepSchema)),
  against: v.optional(AgainstSchema),
  timeline: v.nullable(TimelineSchema),
  failovers: v.array(
    v.object({
      fault: v.string(),
      oldLeader: Figure,
      newLeader: FigureOrNull,
      faultAtUs: Figure,
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
