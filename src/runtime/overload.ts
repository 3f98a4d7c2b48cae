import * as v from "valibot";
import { ADMISSION_LIMITS, type AdmissionLimits } from "../replica/admission.ts";

/** When a node refuses requests as overloaded (replica/admission.ts), as its config has it. */
export type Overload = {
  /** 0: a request may wait for any time. Default: 500. */
  readonly queueMs?: number | undefined;
  /** Requests of a group that may wait. Default: 131,072. */
  readonly queueMax?: number | undefined;
};

export const overloadSchema = v.strictObject({
  queueMs: v.optional(
    v.pipe(
      v.number("must be a number of milliseconds"),
      v.minValue(0, "must be 0 or more"),
      v.maxValue(600_000, "must be 600000 ms or less"),
    ),
  ),
  queueMax: v.optional(
    v.pipe(
      v.number("must be a number of requests"),
      v.integer("must be a whole number"),
      v.minValue(256, "must be 256 or more"),
      v.maxValue(1 << 20, "must be 1048576 or less"),
    ),
  ),
});

export const admissionLimits = (overload: Overload = {}): AdmissionLimits => ({
  queueMs: overload.queueMs ?? ADMISSION_LIMITS.queueMs,
  queueMax: overload.queueMax ?? ADMISSION_LIMITS.queueMax,
});
