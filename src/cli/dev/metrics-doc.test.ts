import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { clusterConfig, TestCluster } from "../../runtime/testing/cluster.ts";
import { metricsDocument } from "./metrics-doc.ts";

const path = `${import.meta.dir}/../../../docs/metrics.md`;

test("metrics document: docs/metrics.md lists what the code defines", async () => {
  const text = metricsDocument();
  if (process.env["UPDATE"] === "1") writeFileSync(path, text);
  expect(await Bun.file(path).text()).toBe(text);
});

test("metrics document: it lists exactly what a node exports", async () => {
  const cluster = new TestCluster(clusterConfig(1, "unused", "memory")).startAll();
  try {
    const page = await (await fetch(`${cluster.url(1)}/metrics`)).text();
    const exported = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => `${m[1]} ${m[2]}`);
    const text = await Bun.file(path).text();
    const listed = [...text.matchAll(/^\| `(\S+)` +\| (\w+) +\|/gm)].map((m) => `${m[1]} ${m[2]}`);
    expect(exported.length).toBeGreaterThan(40);
    expect(listed).toEqual(exported);
  } finally {
    await cluster.stopAll();
  }
});
