import { expect, test } from "bun:test";
import type { ModelName } from "./models.ts";
import { checkHistory } from "./check.ts";
import { UserError } from "../lib/user-error.ts";
import { synthesize, type SyntheticSpec } from "./testing/synthetic.ts";

const OPTIONS = { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 26 };

/** What a history of the spec is told under a model: that it passes, or what does not fit. */
function told(model: ModelName, spec: Partial<SyntheticSpec>): string {
  try {
    return checkHistory(synthesize({ operations: 50, ...spec }), { ...OPTIONS, model }).kind;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [problem] = error.problems;
    return `${problem?.where}: ${problem?.what}`;
  }
}

test("models: a history passes under every model that has its operations", () => {
  for (const model of ["auto", "register", "cas", "versioned-kv", "append-kv", "kv"] as const) {
    expect(told(model, {})).toBe("pass");
  }
  expect(told("cas", { cas: 0.3 })).toBe("pass");
  expect(told("kv", { cas: 0.2, versioned: 0.2, appends: 0.2, deletes: 0.1 })).toBe("pass");
  expect(told("versioned-kv", { versioned: 0.3, versions: true })).toBe("pass");
});

test("models: the first operation that a model has not is named, with its client", () => {
  const where = /^operation \d+, by client \d+: the model [a-z-]+ has no /;
  for (const [model, spec, what] of [
    ["register", { cas: 0.3 }, "compare-and-set"],
    ["register", { versioned: 0.3 }, "put with a version"],
    ["cas", { deletes: 0.3 }, "delete"],
    ["versioned-kv", { appends: 0.3 }, "append"],
    ["append-kv", { deletes: 0.3 }, "delete"],
  ] as const) {
    expect(told(model, spec)).toMatch(where);
    expect(told(model, spec)).toEndWith(` ${what}`);
  }
});
