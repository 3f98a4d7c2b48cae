import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../target/until.ts";
import { runOrdeal } from "./testing/ordeal.ts";

// One real cluster for all of it: started, written to, looked at, stopped, damaged, started again.

const WITHIN_MS = 20_000;
const TEST_MS = 120_000;
const dir = mkdtempSync(join(tmpdir(), "ordeal-wal-"));
const CLUSTER = join(dir, "c");
const NODE = join(CLUSTER, "node-3");
const SEGMENT = join(NODE, "wal", "wal-00000001.seg");

const ordeal = (...args: readonly string[]) => runOrdeal(args);

/** Contents and times of all files below a directory. */
function stateOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file} ${statSync(file).mtimeMs} ${Bun.hash(readFileSync(file))}`);
}

type Document = {
  readonly nodes: readonly {
    readonly id: number;
    readonly role: string;
    readonly httpPort: number;
  }[];
  readonly fsync: string;
  readonly unsafe: string | null;
};

/** On a machine that is busy with other things leaders may change meanwhile. */
async function put(count: number): Promise<void> {
  const said = await ordeal("cluster", "status", "--dir", CLUSTER, "--json");
  const { nodes } = JSON.parse(said.out) as Document;
  const port = nodes.find(({ role }) => role === "leader")!.httpPort;
  for (let i = 0; i < count; i++) {
    const url = `http://127.0.0.1:${port}/kv/key-${i}`;
    const body = "v".repeat(300);
    await until("the put", WITHIN_MS, async () => (await fetch(url, { method: "PUT", body })).ok);
  }
}

/** As a loss of power may leave it: the last sector of the last record was not written. */
async function tearLastRecord(node: string): Promise<void> {
  const listed = await ordeal("wal", "inspect", node, "--records", "--json");
  const { offset, bytes } = JSON.parse(listed.out).records.at(-1);
  const file = join(node, "wal", "wal-00000001.seg");
  const content = readFileSync(file);
  const sector = Math.max(offset + 8, Math.floor((offset + bytes - 1) / 512) * 512);
  content.fill(0, sector, offset + bytes);
  writeFileSync(file, content);
}

beforeAll(async () => {
  const started = await ordeal("cluster", "start", "--dir", CLUSTER, "--fsync", "never", "--json");
  expect(started.err).toBe("");
  const { fsync, unsafe } = JSON.parse(started.out) as Document;
  expect({ fsync, unsafe }).toEqual({ fsync: "never", unsafe: expect.stringContaining("UNSAFE") });
  await put(40);
  expect((await ordeal("cluster", "snapshot", "--dir", CLUSTER)).code).toBe(0);
  await put(5);
}, TEST_MS);

afterAll(async () => {
  await ordeal("cluster", "stop", "--dir", CLUSTER);
  rmSync(dir, { recursive: true });
}, TEST_MS);

test(
  "wal: looks at a node that runs, says so, and its status and log name an unsafe mode",
  async () => {
    const found = await ordeal("wal", "verify", NODE);
    expect(found).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^sound:[^]*process \d+ runs on it/),
    });
    const shown = await ordeal(
      "wal",
      "inspect",
      join(NODE, "wal"),
      "--records",
      "--from",
      "1",
      "--to",
      "2",
    );
    expect(shown.out).toMatch(
      /segments\n[^]*hard states\n[^]*snapshots\n.*\n.* sound\n[^]*records\n/,
    );
    expect((await ordeal("cluster", "status", "--dir", CLUSTER)).out).toContain(
      "UNSAFE: fsync never",
    );
    expect(readFileSync(join(NODE, "node.log"), "utf8")).toContain(
      '"event":"unsafe","fsync":"never"',
    );
  },
  TEST_MS,
);

test(
  "wal: of a stopped node it tells everything, and changes nothing",
  async () => {
    expect((await ordeal("cluster", "stop", "--dir", CLUSTER)).code).toBe(0);
    const before = stateOf(NODE);
    const verified = await ordeal("wal", "verify", NODE, "--json");
    const { sound, damage, records, runningPid, snapshots } = JSON.parse(verified.out);
    expect({ sound, damage, runningPid }).toEqual({ sound: true, damage: [], runningPid: null });
    expect(snapshots).toMatchObject([
      { problem: null, meta: { membership: { voters: [1, 2, 3] } } },
    ]);
    const inspected = await ordeal("wal", "inspect", NODE, "--records", "--json");
    const { segments, owner, records: listed } = JSON.parse(inspected.out);
    expect(owner.nodeId).toBe(3);
    expect(listed.length).toBe(records);
    expect(segments[0]).toMatchObject({ number: 1, first: 1, header: { nodeId: 3, version: 2 } });
    expect(stateOf(NODE)).toEqual(before);
  },
  TEST_MS,
);

test(
  "wal: other directories are bad input; a cluster's names its nodes",
  async () => {
    const found = await ordeal("wal", "verify", CLUSTER);
    expect(found).toMatchObject({ code: 64, err: expect.stringContaining(NODE) });
    expect((await ordeal("wal", "inspect", join(dir, "none"))).code).toBe(64);
    expect((await ordeal("wal", "inspect", dir)).code).toBe(64);
  },
  TEST_MS,
);

test(
  "wal: damage is told as the node tells it; the others start without it, and it is replaced",
  async () => {
    const listed = await ordeal("wal", "inspect", NODE, "--records", "--to", "3", "--json");
    const { offset, bytes } = JSON.parse(listed.out).records[2];
    const copy = join(dir, "copy");
    cpSync(NODE, copy, { recursive: true });
    const content = readFileSync(SEGMENT);
    content[offset + bytes - 10]! ^= 4;
    writeFileSync(SEGMENT, content);

    const before = stateOf(NODE);
    const found = await ordeal("wal", "verify", NODE);
    expect(found.code).toBe(2);
    expect(found.out).toContain(`${SEGMENT} offset ${offset} record 3: `);
    expect(found.out).toContain(`ordeal cluster replace --dir ${CLUSTER} --node 3`);
    expect((await ordeal("wal", "inspect", NODE)).out).toContain(
      `offset ${offset}: record crc mismatch`,
    );
    expect(stateOf(NODE)).toEqual(before);
    expect((await ordeal("wal", "verify", copy)).code).toBe(0);

    const torn = join(CLUSTER, "node-1");
    await tearLastRecord(torn);
    const { out } = await ordeal("wal", "verify", torn);
    const tornBytes = /torn tail: (\d+) bytes at/.exec(out)?.[1];

    const started = await ordeal("cluster", "start", "--dir", CLUSTER, "--json");
    expect(started.code).toBe(0);
    const { nodes, fsync } = JSON.parse(started.out) as Document;
    expect(nodes.find(({ id }) => id === 3)!.role).toBe("down");
    expect(fsync).toBe("never"); // As it was.
    const cut = readFileSync(join(torn, "node.log"), "utf8");
    expect(cut).toContain(`"event":"tornTailCut","bytes":${tornBytes},`);
    const log = readFileSync(join(NODE, "node.log"), "utf8");
    expect(log).toMatch(/"event":"refused".*record 3: .*ordeal wal verify/);
    const replaced = await ordeal("cluster", "replace", "--dir", CLUSTER, "--node", "3");
    expect(replaced.out).toContain("replaced node 3 by node 4");
    await put(3);
  },
  TEST_MS,
);
