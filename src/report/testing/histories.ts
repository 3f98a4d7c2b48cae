import { Prng } from "../../lib/prng.ts";
import type { Report } from "../schema.ts";
import { benchReport, loadFixture } from "./fixtures.ts";

export type StoredFixture = {
  readonly name: string;
  readonly reports: number;
  readonly seed?: number;
  /** From the report of this index on, latencies are so many times as high. */
  readonly changes?: readonly { readonly index: number; readonly factor: number }[];
};

/** Commit of the report of that index: a person can tell which is which. */
export const commitAt = (index: number): string =>
  `c0ffee${String(index).padStart(4, "0")}`.padEnd(40, "0");

/** Reports of one suite, an hour apart, noisy by 4 %, a commit each. */
export function storedReports(fixture: StoredFixture): readonly Report[] {
  const { name, reports, seed = 1, changes = [] } = fixture;
  const prng = new Prng(seed);
  return Array.from({ length: reports }, (_, i): Report => {
    const startedAt = new Date(Date.UTC(2025, 10, 1, i)).toISOString();
    const level = changes
      .filter(({ index }) => index <= i)
      .reduce((all, { factor }) => all * factor, 1);
    const load = (scale: number) => {
      const factor = scale * level * (1 + 0.08 * (prng.float() - 0.5));
      return loadFixture(Math.round(612_000 / factor), factor);
    };
    return {
      ...benchReport(),
      ...{ name, startedAt, runId: `${startedAt.replace(/[-:.]/g, "")}-1` },
      config: { suite: name },
      code: { commit: commitAt(i), dirty: false },
      loads: [
        { name: "disk, 64 clients", result: load(1) },
        { name: "memory, 64 clients", result: load(0.3) },
      ],
    };
  });
}

/** A suite with a change for the worse and one back, one with a report of another machine, and one too short. */
export function historyFixtures(): readonly Report[] {
  const put = storedReports({
    ...{ name: "put", reports: 44 },
    changes: [
      { index: 18, factor: 1.3 },
      { index: 33, factor: 0.8 },
    ],
  });
  const elsewhere = {
    ...put[3]!,
    runId: "20251101T023000000Z-9",
    environment: { ...put[3]!.environment, cpu: "Intel Xeon", cores: 8 },
  };
  return [...put, elsewhere, ...storedReports({ name: "ycsb", reports: 6, seed: 2 })];
}
