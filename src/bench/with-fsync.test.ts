import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { findSuites } from "./suites.ts";
import { withFsync } from "./with-fsync.ts";

const clustersOf = (suite: ReturnType<typeof withFsync>) =>
  suite.kind === "load" ? suite.cases.map((c) => c.cluster) : [];

test("bench --fsync: holds for the clusters on disk of a suite, and for no other", async () => {
  const [put] = await findSuites(["put"]);
  const clusters = clustersOf(withFsync(put!, "never"));
  expect(clusters.map(({ storage }) => storage)).toEqual(clustersOf(put!).map((c) => c.storage));
  expect(clusters.some(({ storage }) => storage === "memory")).toBe(true);
  for (const { storage, fsync } of clusters) {
    expect(fsync).toBe(storage === "disk" ? "never" : undefined);
  }
});

test("bench --fsync: a suite that keeps everything in memory refuses it, and says why", async () => {
  const [put] = await findSuites(["put"]);
  if (put?.kind !== "load") throw new Error("put is a load suite");
  const cases = put.cases.filter(({ cluster }) => cluster.storage === "memory");
  expect(() => withFsync({ ...put, cases }, "always")).toThrow(UserError);
  expect(() => withFsync({ ...put, cases }, "always")).toThrow(/--fsync: nothing is written/);
  expect(clustersOf(withFsync({ ...put, cases }, undefined)).length).toBe(cases.length);
});
