import * as v from "valibot";
import { Figure, parseDocument } from "../parse-document.ts";
import { FIGURE_UNITS } from "../schema.ts";
import { CheckSchema, CodeSchema, EnvironmentSchema, TimeSchema } from "../validate.ts";
import { type Comparison, COMPARISON_EXIT, COMPARISON_SCHEMA } from "./comparison.ts";

const FigureOrNull = v.nullable(Figure);

const MetricComparisonSchema = v.object({
  metric: v.object({
    name: v.string(),
    unit: v.picklist(FIGURE_UNITS),
    better: v.picklist(["higher", "lower"]),
    threshold: Figure,
    floor: Figure,
    gated: v.boolean(),
  }),
  base: Figure,
  head: Figure,
  pairs: v.array(Figure),
  estimate: Figure,
  low: FigureOrNull,
  high: FigureOrNull,
  limit: Figure,
  p: Figure,
  pHolm: Figure,
  detectable: FigureOrNull,
  verdict: v.picklist(["regressed", "pass", "improved", "inconclusive", "shown"]),
});

const SessionSchema = v.object({
  startedAt: TimeSchema,
  pairs: Figure,
  looks: v.picklist([1, 2]),
  metrics: v.array(MetricComparisonSchema),
  canaries: v.array(MetricComparisonSchema),
});

const SideSchema = v.object({
  label: v.string(),
  code: CodeSchema,
  environment: EnvironmentSchema,
  about: v.string(),
  curves: v.array(v.object({ name: v.string(), curve: v.array(v.tuple([Figure, Figure])) })),
});

const VERDICTS = Object.keys(COMPARISON_EXIT) as (keyof typeof COMPARISON_EXIT)[];

const ComparisonSchema = v.object({
  schema: v.literal(COMPARISON_SCHEMA),
  runId: v.string(),
  mode: v.picklist(["paired", "stored"]),
  name: v.string(),
  startedAt: TimeSchema,
  durationMs: Figure,
  command: v.string(),
  base: SideSchema,
  head: SideSchema,
  verdict: v.picklist(VERDICTS),
  summary: v.string(),
  checks: v.array(CheckSchema),
  differences: v.array(v.string()),
  sessions: v.array(SessionSchema),
  metrics: v.array(MetricComparisonSchema),
});

/**
 * Reads the text of a comparison.json. `where` names the file in errors. Throws UserError for damaged
 * JSON, another schema, or missing or wrong fields.
 */
export const parseComparison = (text: string, where: string): Comparison =>
  parseDocument(
    {
      ...{ noun: "comparison", file: "comparison.json" },
      ...{ version: COMPARISON_SCHEMA, schema: ComparisonSchema },
    },
    text,
    where,
  );
