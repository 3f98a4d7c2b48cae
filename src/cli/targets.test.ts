import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOrdeal } from "./testing/ordeal.ts";

const TEST_MS = 120_000;

test(
  "chaos run --target: a scenario that the target cannot play is refused by name, with the reason",
  async () => {
    const [disk, links] = await Promise.all([
      runOrdeal(["chaos", "run", "power-loss", "--target", "etcd"]),
      runOrdeal(["chaos", "run", "bridge", "--target", "redis"]),
    ]);
    expect([disk.code, links.code]).toEqual([64, 64]);
    expect(disk.err).toContain('etcd cannot do "disk": its files are on the disk');
    expect(links.err).toContain('redis cannot do "partition": a single process has no links');
  },
  TEST_MS,
);

test(
  "chaos run --target: a program that is not installed is named, with the way to install it",
  async () => {
    const reports = mkdtempSync(join(tmpdir(), "ordeal-absent-"));
    const run = (target: string): ReturnType<typeof runOrdeal> =>
      runOrdeal(["chaos", "run", "crash-all", "--target", target, "--reports", reports], {
        PATH: "/nowhere",
      });
    const [etcd, redis] = await Promise.all([run("etcd"), run("redis")]);
    expect([etcd.code, redis.code]).toEqual([64, 64]);
    expect(etcd.err).toContain("etcd is missing");
    expect(redis.err).toContain("redis-server is missing");
    expect(etcd.err).toContain("apt-get install etcd-server redis-server");
    const left = readdirSync(reports, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
    rmSync(reports, { recursive: true });
  },
  TEST_MS,
);

test(
  "bench run and load --target: what makes no sense is refused",
  async () => {
    const [figures, load] = await Promise.all([
      runOrdeal(["bench", "run", "storage", "--target", "etcd"]),
      runOrdeal(["load", "--dir", "c1", "--target", "redis"]),
    ]);
    expect([figures.code, load.code]).toEqual([64, 64]);
    expect(figures.err).toContain('the suite "storage" measures parts of Ordeal');
    expect(load.err).toContain("--nodes host:port,… with --target");
  },
  TEST_MS,
);

test(
  "chaos run --target: a name that is not known, and a module that is no target, are bad input",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "ordeal-modules-"));
    try {
      await Bun.write(join(dir, "empty.ts"), "export const nothing = 1;\n");
      const run = (target: string) => runOrdeal(["chaos", "run", "crash-all", "--target", target]);
      const [mistyped, missing, empty] = await Promise.all([
        run("etdc"),
        run(join(dir, "missing.ts")),
        run(join(dir, "empty.ts")),
      ]);
      expect([mistyped.code, missing.code, empty.code]).toEqual([64, 64, 64]);
      expect(mistyped.err).toContain("--target etdc: is not known\n    fix: did you mean etcd?");
      expect(missing.err).toContain("missing.ts: cannot be loaded");
      expect(empty.err).toContain("empty.ts: exports no target");
      expect(empty.err).toContain("export const target: Target");
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
  TEST_MS,
);
