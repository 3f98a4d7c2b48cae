import { expect, test } from "bun:test";
import { findMutants } from "./catalogue.ts";
import { huntClean, huntMutant } from "./hunt.ts";

const TEST_MS_MAX = 60_000;
/** One of each arena. */
const SLICE = [
  "follower-ack-before-fsync",
  "no-check-quorum",
  "wal-corrupt-is-end",
  "frame-oversize",
];

test(
  "mutants: planted bugs are found, by a detector that was expected",
  async () => {
    const limits = { starts: 1, seedsMax: 100, wallMsMax: 30_000 };
    for (const mutant of await findMutants(SLICE)) {
      const finding = await huntMutant(mutant, limits);
      expect(finding.detected, JSON.stringify(finding)).toBe(true);
      expect(mutant.detectors).toContain(finding.detector!);
      expect(finding.schedulesWorst).toBeGreaterThanOrEqual(1);
    }
  },
  TEST_MS_MAX,
);

test(
  "mutants: the code as it is raises no alarm where they were found",
  async () => {
    const arenas = (await findMutants(SLICE)).map(({ arena }) => arena);
    const { schedules, alarms } = await huntClean(arenas, 1, 8);
    expect(schedules).toBe(8);
    expect(alarms).toEqual([]);
  },
  TEST_MS_MAX,
);
