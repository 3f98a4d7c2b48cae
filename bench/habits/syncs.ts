import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { abba, ratioOf, spreadText } from "../../src/bench/measure.ts";
import { median } from "../../src/lib/stats.ts";
import { diskPort } from "../../src/runtime/disk.ts";

const RECORDS = 100;
const FILE_BYTES = 8 << 20;

/** Processor time of a record written and synced: waited for, against by a thread. */
export async function syncFigures({ dir, quick, progress }: FigureContext): Promise<Figure[]> {
  const port = diskPort();
  const file = port.create(`${dir}/syncs`);
  port.write(file, new Uint8Array(FILE_BYTES), 0, FILE_BYTES, 0);
  port.syncNow(file);
  const figures: Figure[] = [];
  for (const kib of [4, 64]) {
    const name = `a record of ${kib} KiB waited for, against synced by a thread: CPU time`;
    progress(name);
    const record = new Uint8Array(kib << 10).fill(1);
    const write = (i: number): void =>
      port.write(
        file,
        record,
        0,
        record.length,
        (i % (FILE_BYTES / record.length)) * record.length,
      );
    const waited = (): readonly number[] =>
      cpuUsOf(RECORDS, () => {
        for (let i = 0; i < RECORDS; i++) {
          write(i);
          port.syncNow(file);
        }
      });
    const byThread = async (): Promise<readonly number[]> => {
      const before = process.cpuUsage();
      for (let i = 0; i < RECORDS; i++) {
        write(i);
        await new Promise<void>((done, fail) =>
          port.sync(file, (error) => (error === null ? done() : fail(error))),
        );
      }
      return [usedUs(before) / RECORDS];
    };
    const rounds = await abba(waited, byThread, quick ? 1 : 8);
    const ratio = ratioOf(rounds, median);
    const us = median(rounds.flatMap(({ a }) => a));
    const note = `${us.toFixed(0)} µs; ${spreadText(ratio, rounds)}`;
    figures.push(figure(name, ratio.ratio, "ratio", { goal: { atMost: 1 }, note }));
  }
  port.close(file);
  return figures;
}

function cpuUsOf(count: number, body: () => void): readonly number[] {
  const before = process.cpuUsage();
  body();
  return [usedUs(before) / count];
}

function usedUs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
