import { readFileSync } from "node:fs";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { checkHistory } from "../../src/check/check.ts";
import type { History } from "../../src/history/op.ts";
import { readAny } from "../../src/history/readers/read.ts";
import { ownFiles } from "../../src/lib/own-modules.ts";
import { median } from "../../src/lib/stats.ts";

const OPTIONS = { now: (): number => performance.now(), timeoutMs: 60_000, memoryBytes: 2 ** 30 };
/** The etcd logs that are linearizable, by number (README.md of the data); the others are not. */
const LINEARIZABLE = [2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56];
const GOAL_ETCD_MS = 20;
const WARMUPS = 10;
const SAMPLES = 15;

type PublicHistory = {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly history: History;
  readonly legal: boolean;
};

/** Porcupine's test data: whether our verdicts are the known ones, and how long the etcd logs take. */
export function publicFigures({ quick, progress }: FigureContext): readonly Figure[] {
  progress("public data");
  const all = publicHistories();
  const verdictOf = ({ history }: PublicHistory): string => checkHistory(history, OPTIONS).kind;
  const wrong = all.filter((one) => verdictOf(one) !== (one.legal ? "pass" : "fail"));
  const names = wrong.map(({ name }) => name).join(", ");
  const note = `of ${all.length} histories${names === "" ? "" : `: ${names}`}`;
  const etcd = all.filter(({ name }) => name.startsWith("etcd_"));
  const checks = timesOf(quick, () => etcd.forEach(verdictOf));
  const reads = timesOf(quick, () => etcd.forEach(({ bytes, name }) => readAny(bytes, name)));
  const logs = `${etcd.length} etcd logs`;
  return [
    figure("public data: verdicts that are wrong", wrong.length, "count", {
      ...{ goal: { atMost: 0 }, note },
    }),
    figure(`public data: ${logs}, check`, median(checks), "ms", {
      ...{ goal: { atMost: GOAL_ETCD_MS }, note: `all of them, warm, median of ${checks.length}` },
    }),
    figure(`public data: ${logs}, parse`, median(reads), "ms", {
      note: `all of them, warm, median of ${reads.length}`,
    }),
  ];
}

function publicHistories(): readonly PublicHistory[] {
  const files = ownFiles("src/check/testdata/porcupine").filter(({ name }) =>
    /^(etcd_\d+\.log|c\d+-(ok|bad)\.txt)$/.test(name),
  );
  return files.map(({ name, path }) => {
    const bytes = new Uint8Array(readFileSync(path));
    const number = /^etcd_(\d+)/.exec(name)?.[1];
    const legal = number === undefined ? name.endsWith("-ok.txt") : isLegal(Number(number));
    return { name, bytes, history: readAny(bytes, name).history, legal };
  });
}

const isLegal = (number: number): boolean => LINEARIZABLE.includes(number);

function timesOf(quick: boolean, body: () => void): readonly number[] {
  for (let i = 0; i < (quick ? 0 : WARMUPS); i++) body();
  return Array.from({ length: quick ? 1 : SAMPLES }, () => {
    const from = performance.now();
    body();
    return performance.now() - from;
  });
}
