import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlAt, controlState } from "./control.ts";
import type { LiveFault } from "../../target/live-faults.ts";
import { type OpenCluster, openCluster } from "./open.ts";
import { runningCluster } from "./record.ts";

let dir = "";
let cluster: OpenCluster;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-control-"));
  const events = { begun: () => {}, failed: () => {} };
  const options = { nodes: 3, storage: "memory", dir, faultyLinks: true, seed: 1 } as const;
  cluster = await openCluster(options, events);
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

const act = (fault: LiveFault): Promise<unknown> =>
  controlAt(cluster.record, { kind: "fault", fault }, "page 7");
const stateNow = async () => (await controlState(cluster.record, 10_000))!;
const cutLinks = async (): Promise<string[]> =>
  (await stateNow()).links.filter(({ cut }) => cut).map(({ from, to }) => `${from}>${to}`);

test("control: without the token nothing is told and nothing done; only the owner can read the token", async () => {
  const url = `http://127.0.0.1:${cluster.record.controlPort}/`;
  const crash = JSON.stringify({ kind: "fault", fault: { kind: "crash", nodes: [1] } });
  for (const authorization of ["", "Bearer ", "Bearer wrong", cluster.record.controlToken]) {
    const headers = { authorization };
    expect((await fetch(url, { headers })).status).toBe(401);
    expect((await fetch(url, { method: "POST", headers, body: crash })).status).toBe(401);
  }
  expect((await stateNow()).nodes.map(({ state }) => state)).toEqual(Array(3).fill("running"));
  expect(statSync(join(dir, "cluster.json")).mode & 0o077).toBe(0);
  expect(runningCluster(dir).controlToken).toBe(cluster.record.controlToken);
});

test("control: faults of processes and links come, are seen, and are lifted", async () => {
  await act({ kind: "crash", nodes: [1] });
  await act({ kind: "pause", nodes: [2] });
  expect((await stateNow()).nodes.map(({ state }) => state)).toEqual([
    ...(["crashed", "paused", "running"] as const),
  ]);
  await act({ kind: "partition", nodes: [3] });
  expect(await cutLinks()).toEqual(["1>3", "2>3", "3>1", "3>2"]);
  await act({ kind: "heal" });
  await act({ kind: "isolate", nodes: [1, 2] });
  expect(await cutLinks()).toHaveLength(6);
  const links = [{ from: 1, to: 2 }];
  await act({ kind: "links", links, cut: false, loss: 0.25, delayMs: 40 });
  await act({ kind: "links", links, loss: 0.5 });
  expect((await stateNow()).links[0]).toEqual({
    from: 1,
    to: 2,
    cut: false,
    loss: 0.5,
    delayMs: 40,
  });
  await act({ kind: "recover" });
  const { links: left, nodes } = await stateNow();
  expect(left).toEqual([]);
  expect(nodes.map(({ state }) => state)).toEqual(Array(3).fill("running"));
}, 60_000);

test("control: what cannot be is refused with the reason, and told among what was asked", async () => {
  await expect(act({ kind: "crash", nodes: [9] })).rejects.toThrow("there is no node 9");
  await expect(act({ kind: "pause", nodes: [] })).rejects.toThrow("no node is named");
  const links = [{ from: 1, to: 2 }];
  await expect(act({ kind: "links", links, loss: 2 })).rejects.toThrow("loss");
  const { asked } = await stateNow();
  const last = asked.at(-1)!;
  expect({ by: last.by, asked: last.asked, isRefused: last.error !== null }).toEqual({
    by: "page 7",
    asked: { kind: "fault", fault: { kind: "pause", nodes: [] } },
    isRefused: true,
  });
});
