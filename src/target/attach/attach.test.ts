import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { newConfig, writeConfig } from "../local-dir.ts";
import type { Cluster, ClusterOptions } from "../target.ts";
import { PlainClient } from "../testing/plain-client.ts";
import { isAlive } from "../testing/processes.ts";
import { until } from "../until.ts";
import { attachTarget as attach } from "./attach.ts";

const WITHIN_MS = 60_000;
const TEST_MS = 120_000;
const STATUS_MS = 10_000;

const dir = mkdtempSync(join(tmpdir(), "ordeal-attach-"));
const file = join(dir, "attach.json");
const options: ClusterOptions = {
  ...{ nodes: 3, storage: "disk", dir, faultyLinks: true, seed: 7 },
};
const daemon = (what: string): string[] => {
  const script = join(import.meta.dir, "..", "testing", "daemon.ts");
  return [process.execPath, script, what, dir, "{id}"];
};
const commands = {
  ...{ kill: daemon("kill"), start: daemon("start") },
  ...{ pause: daemon("pause"), resume: daemon("resume") },
};
const { nodes } = newConfig(options, null);
const pids = (): number[] =>
  readdirSync(dir)
    .filter((name) => name.startsWith("pid-"))
    .map((name) => Number(readFileSync(join(dir, name), "utf8")));

const write = (content: object): string => {
  writeFileSync(file, JSON.stringify(content));
  return file;
};

const attachTarget = (path: string) => attach(path, ["k0000001", "k0000003"]);

/** Adds a line to a file. */
const NOTE = `require("node:fs").appendFileSync(process.argv[1], process.argv[2] + "\\n")`;

let cluster: Cluster;
let client: PlainClient;

beforeAll(async () => {
  writeConfig(newConfig(options, null));
  // The addresses that the file names are those of the config.
  writeConfig({ ...newConfig(options, null), nodes });
  for (const { id } of nodes) {
    Bun.spawnSync(daemon("start").map((word) => word.replace("{id}", String(id))));
  }
  const target = attachTarget(write({ nodes, commands }));
  cluster = await until("the nodes answer", WITHIN_MS, () =>
    target.start(options).catch(() => null),
  );
  client = await PlainClient.connect(cluster.address, 30_000);
}, TEST_MS);

afterAll(() => {
  client?.close();
  for (const pid of pids()) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  rmSync(dir, { recursive: true, force: true });
}, TEST_MS);

const one = (id: number) => ({ kind: "node", id }) as const;

test(
  "attach: nodes of others are killed and started by commands, and keep what they acknowledged",
  async () => {
    expect((await client.put("kept", "x")).kind).toBe("ok");
    const before = pids();
    const { nodes: hit } = await cluster.fault({ kind: "crash", nodes: { kind: "all" } });
    expect(hit).toEqual([1, 2, 3]);
    await until("they have ended", WITHIN_MS, () => !before.some(isAlive));
    expect((await cluster.status(STATUS_MS)).map(({ role }) => role)).toEqual(
      hit.map(() => "down"),
    );
    expect(await cluster.fault({ kind: "crash", nodes: one(1) })).toMatchObject({ nodes: [] });
    await cluster.recover();
    expect(
      (
        await until("it is read", WITHIN_MS, async () => {
          const outcome = await client.get("kept");
          return outcome.kind === "ok" ? outcome : null;
        })
      ).value,
    ).toBe("x");
    expect(
      cluster
        .starts()
        .map(({ node }) => node)
        .sort(),
    ).toEqual([1, 2, 3]);
    expect(cluster.failures()).toEqual([]);
  },
  TEST_MS,
);

test(
  "attach: a paused node is resumed when all is lifted, and leaders are seen",
  async () => {
    await cluster.fault({ kind: "pause", nodes: one(2) });
    expect((await cluster.status(STATUS_MS)).map(({ role }) => role)[1]).toBe("paused");
    await cluster.stop();
    await until("all answer", WITHIN_MS, async () =>
      (await cluster.status(STATUS_MS)).every(({ role }) => role !== "down" && role !== "paused"),
    );
    expect((await cluster.events()).some(({ kind }) => kind === "becameLeader")).toBe(true);
    expect(pids().every(isAlive)).toBe(true);
    expect(cluster.failures()).toEqual([]);
  },
  TEST_MS,
);

test(
  "attach: a node that somebody else restarts is named",
  async () => {
    await cluster.status(STATUS_MS);
    for (const what of ["kill", "start"]) {
      Bun.spawnSync(daemon(what).map((word) => word.replace("{id}", "3")));
    }
    const failure = await until("it is noticed", WITHIN_MS, async () => {
      await cluster.status(STATUS_MS);
      return cluster.failures()[0] ?? null;
    });
    expect(failure).toMatch(/^node 3 ended by itself: pid \d+ is pid \d+ now$/);
  },
  TEST_MS,
);

test(
  "attach: keys of an earlier load are refused, or deleted where the file allows it",
  async () => {
    await until("it is written", WITHIN_MS, async () => {
      return (await client.put("k0000003", "old")).kind === "ok";
    });
    const refused = attachTarget(write({ nodes, commands })).start(options);
    await expect(refused).rejects.toThrow(/k0000003/);
    await until("a leader deletes it", WITHIN_MS, () =>
      attachTarget(write({ nodes, commands, clear: true }))
        .start(options)
        .catch(() => null),
    );
    expect(await client.get("k0000003")).toMatchObject({ version: 0 });
  },
  TEST_MS,
);

test(
  "attach: a partition cuts every directed link once, and is healed once",
  async () => {
    const done = join(dir, "done");
    writeFileSync(done, "");
    const note = (what: string): string[] => [process.execPath, "-e", NOTE, done, what];
    const cuts = { cut: note("{from}>{to} {toHost}:{toPeerPort}"), heal: note("healed") };
    const target = attachTarget(write({ nodes, commands: cuts, clear: true }));
    const other = await target.start(options);
    const cut = { kind: "isolate", nodes: one(1), direction: "out" } as const;
    expect(await other.fault(cut)).toMatchObject({ nodes: [1] });
    await other.fault(cut);
    await other.fault({ kind: "heal" });
    await other.stop();
    const said = readFileSync(done, "utf8").trim().split("\n");
    const links = nodes.slice(1).map(({ id, host, peerPort }) => `1>${id} ${host}:${peerPort}`);
    expect(said.slice(0, 2).sort()).toEqual(links);
    expect(said.slice(2)).toEqual(["healed"]);
    const failing = attachTarget(write({ nodes, commands: { ...cuts, cut: ["false"] } }));
    const broken = await failing.start(options);
    await expect(broken.fault(cut)).rejects.toThrow(/^false ended with code 1/);
  },
  TEST_MS,
);

test("attach: what the file gives no command for cannot be done, and that is said", () => {
  const { can } = attachTarget(write({ nodes }));
  expect(can.crash).toBe('the file has no command "kill", "start"');
  expect(can.partition).toBe('the file has no command "cut", "heal"');
  expect(attachTarget(write({ nodes, commands })).can.crash).toBe(true);
  expect(can.disk).toMatch(/not ours/);
});

test("attach: every problem of a file is told at once", () => {
  const problemsOf = (content: object): readonly string[] => {
    try {
      attachTarget(write(content));
    } catch (error) {
      if (error instanceof UserError) return error.problems.map(({ where }) => where);
      throw error;
    }
    return [];
  };
  const [first, second] = nodes;
  expect(problemsOf({ nodes: [first, first], commands: { kill: ["x"], cut: ["y"] } })).toEqual([
    `node ${first!.id}`,
    "commands.kill",
    "commands.cut",
  ]);
  expect(problemsOf({ nodes: [{ ...second, httpPort: 0 }], commands: { pause: [] } })).toEqual([
    "nodes.0.httpPort",
    "commands.pause",
  ]);
  expect(() => attachTarget(join(dir, "nowhere.json"))).toThrow(UserError);
});

test("attach: nodes that do not answer, and a wrong number of them, are bad input", async () => {
  const target = attachTarget(write({ nodes: [{ ...nodes[0]!, httpPort: 1 }] }));
  await expect(target.start({ ...options, nodes: 1 })).rejects.toThrow(/does not answer/);
  await expect(target.start(options)).rejects.toThrow(/has 1 nodes, and 3 are asked for/);
});
