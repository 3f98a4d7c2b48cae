import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistoryWriter, NO_VALUE } from "../history/codec.ts";
import { OUTCOME_OK } from "../history/op.ts";
import { OP_GET, OP_PUT } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { parseBytes } from "./parse.ts";

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

const PORCUPINE = join(import.meta.dir, "../check/testdata/porcupine");

/** What 60 clients see of one register with few values, all at once: nothing settles it fast. */
function hardHistory(): string {
  const random = new Prng(7);
  let state: number | null = null;
  const lines: string[] = [];
  for (let i = 0; i < 3000; i++) {
    const op = random.pick(["get", "put", "cas"]);
    const to = random.below(5);
    const from = random.below(5);
    const fits = op !== "cas" || state === from;
    if (op === "put" || (op === "cas" && fits)) state = to;
    const at = i * 10;
    lines.push(
      JSON.stringify({
        ...{ process: i % 60, op, key: "k", value: op === "get" ? state : to },
        ...(op === "cas" ? { expected: from } : {}),
        ...{ call: at - random.below(300), return: at + random.below(300) },
        outcome: fits ? "ok" : "mismatch",
      }),
    );
  }
  return lines.join("\n");
}

function ordeal(...args: string[]) {
  return ordealWith("", ...args);
}

function ordealWith(stdin: string, ...args: string[]) {
  const main = join(import.meta.dir, "main.ts");
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, main, ...args], {
    stdin: Buffer.from(stdin),
  });
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
  expect(stdout).toContain("1  client 1  put k17 v2 → version 2   ├──┐");
  expect(stdout).toContain("2  client 2  get k17 → v1, version 1     ╰─▶├──┤");
  expect(stdout).toContain("1 → 2  returned before it was called");
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
  expect(stderr).toContain(`${path}, byte 0: not a history in a format that is known`);
  expect(stdout).toBe("");
  expect(exitCode).toBe(64);
  expect(ordeal("check", join(dir, "missing.bin")).exitCode).toBe(64);
  expect(ordeal("check", path, "--timeout", "soon").stderr).toContain('"soon" is not a duration');
});

test("ordeal check: histories of others are read, from a pipe too, and their format is told", async () => {
  const etcd = ordeal("check", join(PORCUPINE, "etcd_000.log"));
  expect(etcd.stdout).toContain("✘ FAIL  not linearizable");
  expect(etcd.stdout).toContain("format      porcupine-etcd");
  expect(etcd.stdout).toContain("repeat      ordeal check ");
  expect(etcd.stdout).not.toContain("writes      ");
  expect(etcd.exitCode).toBe(2);
  const text = await Bun.file(join(PORCUPINE, "c10-ok.txt")).text();
  const piped = ordealWith(text, "check", "-", "--json");
  expect(JSON.parse(piped.stdout)).toMatchObject({
    ...{ file: "-", format: "porcupine-kv", verdict: "pass", operations: 337, keys: 10 },
    ...{ passedOver: 0, repeat: "ordeal check -" },
  });
  expect(piped.exitCode).toBe(0);
  const cut = ordealWith(text.slice(0, 5000), "check", "-");
  expect(cut.stderr).toMatch(
    /standard input, line \d+: the file ends within an operation\n    fix: /,
  );
  expect([cut.exitCode, cut.stdout]).toEqual([64, ""]);
});

test("ordeal check: out of time is unknown and exits with 3: how far it came, and what to try", async () => {
  const path = join(dir, "hard one.jsonl");
  await Bun.write(path, hardHistory());
  const { exitCode, stdout } = ordeal("check", path, "--timeout", "1ms", "--model", "cas");
  expect(stdout).toContain("? UNKNOWN  neither proved nor refuted");
  expect(stdout).toMatch(/why {9}.*time/);
  expect(stdout).toContain("legal up to");
  expect(stdout).toContain(`try         ordeal check '${path}' --model cas --timeout 10ms\n`);
  expect(exitCode).toBe(3);
  const json = ordeal("check", path, "--timeout", "1ms", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ verdict: "unknown", limit: "time", key: "k" });
  expect(json.exitCode).toBe(3);
});

test("ordeal check: an incomplete record at the end is left out, and told", async () => {
  const path = await historyFile("cut.bin", 2, 2);
  const whole = await Bun.file(path).bytes();
  await Bun.write(path, whole.subarray(0, -5));
  const { exitCode, stdout } = ordeal("check", path);
  expect(stdout).toMatch(/format {6}ordeal, without \d+ bytes of an incomplete record/);
  expect(exitCode).toBe(0);
});

test("ordeal check: every mistake in the flags is told at once", () => {
  const { exitCode, stderr } = ordeal(
    ...["check", "h.bin", "--model", "registr", "--format", "xml", "--memory", "2 apples"],
    ...["--skew", "soon", "--failed-cas", "maybe"],
  );
  expect(stderr).toContain('--model: "registr" is not known\n    fix: did you mean register?');
  expect(stderr).toContain('--format: "xml" is not known');
  expect(stderr).toContain('--memory: "2 apples" is not a size');
  expect(stderr).toContain('--skew: "soon" is not a duration');
  expect(stderr).toContain('--failed-cas: "maybe" is not known');
  expect(exitCode).toBe(64);
  const model = ordeal("check", join(PORCUPINE, "c10-ok.txt"), "--model", "register");
  expect(model.stderr).toContain("the model register has no append");
  expect(model.exitCode).toBe(64);
});

test("ordeal check: --html writes the counterexample as a page of less than 1 MB", async () => {
  const page = join(dir, "why.html");
  const { exitCode, stdout } = ordeal("check", join(PORCUPINE, "c10-bad.txt"), "--html", page);
  expect(stdout).toContain(`page        ${page}`);
  const text = await Bun.file(page).text();
  expect(text).toContain("<!doctype html>");
  expect(text.length).toBeLessThan(1_000_000);
  expect(exitCode).toBe(2);
  const nowhere = join(dir, "no", "such", "place.html");
  expect(ordeal("check", join(PORCUPINE, "c01-bad.txt"), "--html", nowhere).exitCode).toBe(64);
});

test("sizes: units of 1000 and 1024, whole or not; anything else is refused", () => {
  const sizes = ["2GiB", "512 MiB", "1.5GB", "4096B", "1kb"].map((text) => parseBytes(text, "-m"));
  expect(sizes).toEqual([2 ** 31, 2 ** 29, 1.5e9, 4096, 1000]);
  for (const text of ["", "2", "0B", "-1GiB", "1TiB", "GiB", "1e3MB"]) {
    expect(() => parseBytes(text, "-m")).toThrow("is not a size");
  }
});
