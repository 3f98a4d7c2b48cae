import * as v from "valibot";

/** The parts of a schedule file that are the same wherever they stand. */

/** Milliseconds of virtual time. */
export const span = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e9));
export const positive = v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(1e9));
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 40));
/** A header takes 512 bytes; a record that a segment cannot hold makes it longer. */
const segment = v.pipe(v.number(), v.integer(), v.minValue(1024), v.maxValue(2 ** 30));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const nodeSpec = v.variant("kind", [
  v.strictObject({ kind: v.picklist(["leader", "followers", "all"]) }),
  v.strictObject({
    kind: v.literal("node"),
    id: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  v.strictObject({
    kind: v.literal("random"),
    size: v.picklist(["one", "minority", "majority"]),
  }),
]);

export const configSchema = v.strictObject({
  electionTimeoutMinMs: positive,
  heartbeatIntervalMs: positive,
  appendBytesMax: size,
  inflightMessagesMax: size,
  inflightBytesMax: size,
  uncommittedBytesMax: size,
  trailingBytes: size,
  snapshotChunkBytes: size,
  snapshotInflightBytesMax: size,
  clockDriftMax: share,
  diskStallMs: positive,
  transferTimeoutMs: positive,
  leaseReads: v.boolean(),
  snapshotEveryBytes: size,
  link: v.strictObject({
    cut: v.boolean(),
    loss: share,
    delayMs: span,
    jitterMs: span,
    duplicate: share,
    reorder: share,
    reorderWithinMs: span,
    // Older files do not have these.
    tailRatio: v.optional(share, 0),
    tailMs: v.optional(span, 0),
    bytesPerSecond: v.optional(size, 0),
    // What only faults bring about.
    clogged: v.optional(v.literal(false), false),
    notesTerms: v.optional(v.literal(false), false),
    rules: v.optional(v.strictTuple([]), []),
  }),
  disk: v.strictObject({ latencyMs: span, jitterMs: span }),
  segments: v.strictObject({ first: segment, max: segment }),
  syncNowBytesMax: size,
  turnMs: span,
  clocks: v.array(v.strictObject({ rate: positive, offsetMs: span })),
  clients: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)),
  timeoutMs: positive,
  attemptTimeoutMs: positive,
  homeShare: share,
  valueBytes: v.optional(size),
});
