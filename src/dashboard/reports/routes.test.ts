import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeComparison } from "../../report/compare/write.ts";
import { comparisonFixtures } from "../../report/testing/comparisons.ts";
import { benchReport, demoReport, failingReport } from "../../report/testing/fixtures.ts";
import { writeReport } from "../../report/write.ts";
import { type DashboardServer, serveDashboard } from "../server.ts";
import type { ComparedReports, StoredList } from "./document.ts";
import { StoredReports } from "./list.ts";
import { storedPages, storedRoutes } from "./routes.ts";

const TOKEN = "the-token-of-this-test";
const SECRET = "nobody may see this";
const DAMAGED = "chaos/bridge/20251121T024410000Z-7";
let root = "";
let dir = "";
let server: DashboardServer;
let list: StoredList;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "ordeal-stored-"));
  dir = join(root, "reports");
  mkdirSync(join(root, "outside"));
  for (const place of ["", "outside"]) writeFileSync(join(root, place, "secret.html"), SECRET);
  for (const report of [demoReport(), failingReport(), benchReport()])
    await writeReport(report, dir);
  await writeReport({ ...benchReport(), runId: "20251122T024410123Z-1", name: "other" }, dir);
  await writeComparison(comparisonFixtures()["regressed"]!, dir);
  mkdirSync(join(dir, DAMAGED), { recursive: true });
  writeFileSync(join(dir, DAMAGED, "report.json"), "{");
  symlinkSync(join(root, "secret.html"), join(dir, DAMAGED, "link.html"));
  symlinkSync(join(root, "outside"), join(dir, "up"), "dir");
  writeFileSync(join(dir, DAMAGED, ".hidden.html"), SECRET);
  const stored = new StoredReports(dir);
  const parts = [
    { path: "/api/reports", app: storedRoutes(stored) },
    { path: "/reports", app: storedPages(stored) },
  ] as const;
  server = serveDashboard(0, parts, TOKEN);
  list = (await (await get("/api/reports")).json()) as StoredList;
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

const get = (path: string, token = TOKEN): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
const rowOf = (kind: string, verdict: string) =>
  list.rows.find((row) => row.kind === kind && row.verdict === verdict);

test("stored runs: newest first, with verdict, seed, target and figures; damaged ones are named", () => {
  expect(list.rows).toHaveLength(6);
  const times = list.rows.map(({ startedAt }) => startedAt!);
  expect(times).toEqual(times.toSorted().reverse());
  const demo = demoReport();
  expect(rowOf("demo", "pass")).toMatchObject({
    ...{ name: demo.name, seed: demo.seed, durationMs: demo.durationMs, problem: null },
    throughput: demo.loads[0]!.result.throughput,
    p99Us: demo.loads[0]!.result.response.p99,
    target: expect.stringContaining(demo.target.name),
  });
  expect(rowOf("chaos", "fail")!.failed).toContain("linearizable");
  const kept = Object.keys(failingReport().artifacts);
  expect(rowOf("chaos", "fail")!.artifacts.map(({ name }) => name)).toEqual(kept);
  expect(rowOf("compare", "fail")).toMatchObject({ verdictText: "Regressed" });
  expect(rowOf("chaos", "damaged")).toMatchObject({ folder: DAMAGED, href: null });
  expect(rowOf("chaos", "damaged")!.problem).toContain("JSON");
});

test("stored runs: a page is shown in an origin of its own, that has no token and reaches nobody", async () => {
  for (const { href } of list.rows.filter((row) => row.href !== null)) {
    const page = await get(href!);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
    const policy = page.headers.get("content-security-policy")!;
    expect(policy).toStartWith("sandbox allow-scripts");
    expect(policy).not.toContain("allow-same-origin");
    expect(policy).toContain("default-src 'none'");
    expect(await page.text()).toContain("<!doctype html>");
    expect((await get(href!, "another")).status).toBe(401);
  }
});

/** Sent as it is: `fetch` would take the dots out of a path. */
function rawStatus(path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const socket = connect(server.port, "127.0.0.1", () => {
    const head = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, "Connection: close"];
    socket.write([...head, `Authorization: Bearer ${TOKEN}`, "", ""].join("\r\n"));
  });
  socket.on("data", (data) => (text += String(data)));
  socket.on("close", () => resolve(text));
  socket.on("error", reject);
  return promise;
}

test("stored runs: no path leads out of the directory, or to what hides in it", async () => {
  const paths = [
    ...["/reports/../secret.html", "/reports/%2e%2e/secret.html", "/reports/..%2fsecret.html"],
    ...["/reports/chaos/../../secret.html", `/reports/${DAMAGED}/../../../../secret.html`],
    ...["/reports//etc/passwd", "/reports/%2fetc%2fpasswd", "/reports/..%5csecret.html"],
    ...["/reports/%00secret.html", "/reports/%c0%ae%c0%ae/secret.html", "/reports/%zz"],
    ...[`/reports/${DAMAGED}/link.html`, "/reports/up/secret.html"],
    ...[`/reports/${DAMAGED}/.hidden.html`, `/reports/${DAMAGED}`, "/reports/"],
    `/reports/_compare?base=../..&head=${encodeURIComponent("../../secret.html")}`,
  ];
  for (const path of paths) {
    const said = await rawStatus(path);
    expect({ path, status: said.split(" ")[1] }).toEqual({
      path,
      status: path.includes("_compare") ? "400" : "404",
    });
    expect(said).not.toContain(SECRET);
    expect(said).not.toContain("root:");
  }
});

test("stored runs: two are compared as by the command line, and incomparable ones say why", async () => {
  const [bench, other] = list.rows.filter(({ kind }) => kind === "bench").map((row) => row.folder);
  const query = (base: string, head: string): string => `${new URLSearchParams({ base, head })}`;
  const alike = await get(`/api/reports/compare?${query(bench!, other!)}`);
  const said = (await alike.json()) as ComparedReports;
  expect(alike.status).toBe(200);
  expect(said.differences.join()).toContain("name");
  const page = await get(said.href);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-security-policy")).toStartWith("sandbox");
  expect(await page.text()).toContain("Not comparable");
  const demo = rowOf("demo", "pass")!.folder;
  const same = (await (
    await get(`/api/reports/compare?${query(demo, demo)}`)
  ).json()) as ComparedReports;
  expect(same).toMatchObject({ differences: [], failed: [] });
  const bad = await get(`/api/reports/compare?${query(bench!, DAMAGED)}`);
  expect(bad.status).toBe(400);
  expect(await bad.json()).toMatchObject({ error: expect.stringContaining("JSON") });
});

test("stored runs: the history of all figures is a page; without any report it says what is missing", async () => {
  const page = await get("/reports/_history");
  const text = await page.text();
  expect(page.status, text).toBe(200);
  expect(text).toContain("</html>");
  const none = storedPages(new StoredReports(join(root, "none")));
  expect((await none.request("/_history")).status).toBe(400);
  expect(await new StoredReports(join(root, "none")).list()).toMatchObject({ rows: [] });
});
