import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistoryWriter, NO_VALUE } from "../history/codec.ts";
import { OUTCOME_OK } from "../history/op.ts";
import { OP_GET, OP_PUT } from "../kv/command.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-check-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** Client 1 puts v1 and v2; client 2 reads `value` at `version` afterwards. */
async function historyFile(name: string, value: number, version: number): Promise<string> {
  const writer = new HistoryWriter(1.8e15);
  const key = writer.defineKey("k17");
  for (const v of [1, 2]) {
    writer.invoke(1, OP_PUT, key, v, -1, 1.8e15 + v);
    writer.complete(1, OUTCOME_OK, v, v, NO_VALUE, 1.8e15 + v);
  }
  writer.invoke(2, OP_GET, key, NO_VALUE, -1, 1.8e15 + 3);
  writer.complete(2, OUTCOME_OK, version, 2, value, 1.8e15 + 4);
  const path = join(dir, name);
  await Bun.write(path, writer.take()!);
  return path;
}

function ordeal(...args: string[]) {
  const main = join(import.meta.dir, "main.ts");
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, main, ...args]);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("ordeal check: a linearizable history exits with 0", async () => {
  const { exitCode, stdout } = ordeal("check", await historyFile("good.bin", 2, 2));
  expect(stdout).toContain("PASS  linearizable");
  expect(stdout).toContain("3 on 1 key (ok 3, fail 0, mismatch 0, info 0)");
  expect(stdout).toContain("2 acknowledged, none lost");
  expect(exitCode).toBe(0);
});

test("ordeal check: a stale read exits with 2, and says who read what after what", async () => {
  const { exitCode, stdout } = ordeal("check", await historyFile("stale.bin", 1, 1));
  expect(stdout).toContain(
    "a read by client 2 returned version 1 after a put by client 1 had already been acknowledged as version 2",
  );
  expect(stdout).toContain("client 1  put k17 v2 → version 2   ├──┤\n");
  expect(stdout).toContain("client 2  get k17 → v1, version 1        ├──┤\n");
  expect(stdout).toContain("2 acknowledged, 1 of them are gone");
  expect(exitCode).toBe(2);
});

test("ordeal check: --json is one document with the operations that prove it", async () => {
  const { exitCode, stdout } = ordeal("check", await historyFile("json.bin", 1, 1), "--json");
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ verdict: "fail", operations: 3, keys: 1, key: "k17" });
  expect(document.core.map((op: { text: string }) => op.text)).toEqual([
    "put k17 v2 → version 2",
    "get k17 → v1, version 1",
  ]);
  expect(exitCode).toBe(2);
});

test("ordeal check: what is no history exits with 64 and names the place", async () => {
  const path = join(dir, "text.bin");
  await Bun.write(path, "not a history, whatever its name says");
  const { exitCode, stderr, stdout } = ordeal("check", path);
  expect(stderr).toContain(`${path}, byte 0: not a history file`);
  expect(stdout).toBe("");
  expect(exitCode).toBe(64);
  expect(ordeal("check", join(dir, "missing.bin")).exitCode).toBe(64);
  expect(ordeal("check", path, "--timeout", "soon").stderr).toContain('"soon" is not a duration');
});
