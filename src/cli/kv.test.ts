import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../runtime/testing/until.ts";
import { readClusterAddress } from "./load/address.ts";
import { endClusters } from "./testing/clusters.ts";

const MAIN = join(import.meta.dir, "main.ts");
const TEST_MS = 120_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-kv-"));
const dir = join(root, "c");
afterAll(() => {
  endClusters(root);
  rmSync(root, { recursive: true });
});

async function ordeal(args: readonly string[], stdin: string | Uint8Array = "") {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    stdin: typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin,
    ...{ stdout: "pipe", stderr: "pipe" },
  });
  const [bytes, err, code] = await Promise.all([
    child.stdout.bytes(),
    child.stderr.text(),
    child.exited,
  ]);
  return { bytes, out: new TextDecoder().decode(bytes), err, code };
}

/** `ordeal kv …` on the cluster of this file; the time is for a machine that is busy with other things. */
const kv = (args: readonly string[], stdin?: string | Uint8Array) =>
  ordeal(["kv", ...args, "--dir", dir, "--timeout", "60s"], stdin);

beforeAll(async () => {
  const { err, code } = await ordeal([
    ...["cluster", "start", "-n", "3", "--storage", "memory", "--dir", dir],
  ]);
  expect([err, code]).toEqual(["", 0]);
}, TEST_MS);

test(
  "kv: what is put is read, appended to and deleted; a key that is absent gives exit code 1",
  async () => {
    expect(await kv(["put", "color", "green"])).toMatchObject({ out: "version 1\n", code: 0 });
    expect(await kv(["append", "color", "ish"])).toMatchObject({ out: "version 2\n", code: 0 });
    expect(await kv(["get", "color"])).toMatchObject({ out: "greenish\n", err: "", code: 0 });
    expect((await kv(["get", "color", "--raw"])).out).toBe("greenish");
    expect(JSON.parse((await kv(["get", "color", "--json"])).out)).toEqual({
      ...{ kind: "found", key: "color", value: "greenish", version: 2 },
    });
    expect(await kv(["delete", "color"])).toMatchObject({ out: "deleted\n", code: 0 });
    const missing = { out: "", err: "no such key: color\n", code: 1 };
    expect(await kv(["delete", "color"])).toMatchObject(missing);
    expect(await kv(["get", "color"])).toMatchObject(missing);
  },
  TEST_MS,
);

test(
  "kv: a put at a version counts only then",
  async () => {
    const at = (version: string) => kv(["put", "lock", "me", "--version", version]);
    expect(await at("7")).toMatchObject({ err: "not written: there is no such key\n", code: 1 });
    expect(await at("0")).toMatchObject({ out: "version 1\n", code: 0 });
    expect(await at("0")).toMatchObject({ err: "not written: the key has version 1\n", code: 1 });
    const { out, code } = await kv(["put", "lock", "me", "--version", "3", "--json"]);
    expect([JSON.parse(out), code]).toEqual([{ kind: "mismatch", version: 1 }, 1]);
    const bad = await at("one");
    expect([bad.code, bad.err.includes("--version")]).toEqual([64, true]);
  },
  TEST_MS,
);

test(
  "kv: any bytes go in by stdin, base64 or hex, and come out as they were",
  async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect((await kv(["put", "bytes", "-"], bytes)).code).toBe(0);
    expect((await kv(["get", "bytes", "--raw"])).bytes).toEqual(bytes);
    expect((await kv(["put", "00ff", "c328", "--encoding", "hex"])).code).toBe(0);
    expect((await kv(["get", "AP8=", "--encoding", "base64"])).out).toBe("wyg=\n");
    expect(JSON.parse((await kv(["scan", "--limit", "1", "--json"])).out)).toEqual({
      kind: "scanned",
      entries: [
        { key: "AP8=", keyEncoding: "base64", value: "wyg=", valueEncoding: "base64", version: 1 },
      ],
      next: "bytes",
    });
    const bad = await kv(["get", "zz", "--encoding", "hex"]);
    expect(bad).toMatchObject({ out: "", code: 64 });
    expect(bad.err).toContain('"zz" is not hex');
  },
  TEST_MS,
);

test(
  "kv: a scan keeps to its prefix and its limit, and says where to go on",
  async () => {
    await kv(["repl"], "put s/1 a\nput s/2 'b\tc'\nput s/3 d\n");
    expect((await kv(["scan", "--prefix", "s/"])).out).toBe("s/1\ta\ns/2\tb\\tc\ns/3\td\n");
    const part = await kv(["scan", "--prefix", "s/", "--limit", "2", "--keys-only"]);
    expect(part).toMatchObject({
      out: "s/1\ns/2\n",
      err: "there are more: --from 's/3'\n",
      code: 0,
    });
    expect((await kv(["scan", "--prefix", "s/", "--from", "s/3"])).out).toBe("s/3\td\n");
  },
  TEST_MS,
);

test(
  "kv: without a cluster, or with a bad one, it says what to do",
  async () => {
    const [none, both, silent, bad] = await Promise.all([
      ordeal(["kv", "get", "k"]),
      kv(["get", "k", "--nodes", "127.0.0.1:1"]),
      ordeal(["kv", "get", "k", "--nodes", "127.0.0.1:1", "--timeout", "200ms", "--json"]),
      kv(["get", "k".repeat(5000)]),
    ]);
    expect([none.code, both.code, silent.code, bad.code]).toEqual([64, 64, 3, 64]);
    expect(none.err).toContain("give --dir DIR");
    expect(both.err).toContain("both name a cluster");
    expect(JSON.parse(silent.out)).toMatchObject({
      kind: "failed",
      code: "unreachable",
      definite: true,
    });
    expect(bad.err).toContain("the limit is 4096");
  },
  TEST_MS,
);

test(
  "kv: one node of --nodes is enough, and a local read asks it alone",
  async () => {
    const { host, port } = readClusterAddress(dir).nodes[2]!;
    const nodes = ["--nodes", `${host}:${port}`, "--timeout", "60s"];
    expect((await ordeal(["kv", "put", "one", "1", ...nodes])).code).toBe(0);
    expect((await ordeal(["kv", "get", "one", ...nodes])).out).toBe("1\n");
    const local = await ordeal(["kv", "get", "one", "--local", ...nodes]);
    expect(["1\n", ""]).toContain(local.out); // Another node may lag.
  },
  TEST_MS,
);

test(
  "kv repl: commands from a pipe run one after the other, and the last failure is the exit code",
  async () => {
    const lines = [
      "put 'a b' \"x\\ny\"",
      "get a\\ b",
      "get none",
      "encoding hex",
      "get 'a b'",
      "help",
    ];
    const { out, err, code } = await kv(["repl"], lines.join("\n"));
    const shown = out.replace(/[\d.]+ ms/g, "T ms").split("\n");
    expect([err, code]).toEqual(["", 1]);
    expect(shown.slice(0, 4)).toEqual([
      ...["version 1  T ms", "x\\ny  version 1, T ms", "no such key: none  T ms"],
      "780a79  version 1, T ms",
    ]);
    expect(out).toContain("put KEY VALUE [--version N]");
    const wrong = await kv(["repl"], "fetch k\nget\nput k 'v\nput k v --version x\nquit\nget k\n");
    expect(wrong.code).toBe(64);
    expect(wrong.err.split("\n")).toEqual([
      "no such command: fetch; help lists them",
      "usage: get KEY [--local]",
      "a ' that does not end",
      "--version takes a whole number from 0 on",
      "",
    ]);
    expect(wrong.out).toBe(""); // Nothing after quit.
  },
  TEST_MS,
);

test(
  "kv repl: at a terminal Tab completes commands and keys, Ctrl-C drops a line, and the history is kept",
  async () => {
    const history = join(root, "state", "history");
    const args = ["kv", "repl", "--dir", dir, "--timeout", "60s", "--history", history];
    await kv(["put", "unique/key", "found it"]);
    await kv(["put", "unique/ with space", "this too"]);
    const session = async (type: (say: Say) => Promise<void>): Promise<number> => {
      let screen = "";
      const decoder = new TextDecoder();
      const child = Bun.spawn([process.execPath, MAIN, ...args], {
        env: { ...process.env, TERM: "xterm", NO_COLOR: "1" },
        terminal: { cols: 100, rows: 30, data: (_, data) => void (screen += decoder.decode(data)) },
      });
      const see = (text: string): Promise<unknown> =>
        until(`"${text}" in ${JSON.stringify(screen)}`, () => screen.includes(text), 30_000);
      await see("kv> ");
      await type(async (keys, text) => {
        screen = "";
        child.terminal!.write(keys);
        await see(text);
      });
      child.terminal!.write("\x04");
      const code = await child.exited;
      child.terminal!.close();
      return code;
    };
    const first = await session(async (say) => {
      await say("ge", "ge");
      await say("\t", "t ");
      await say("uniq", "uniq");
      await say("\t", "ue/");
      await say("k", "k");
      await say("\t", "ey ");
      await say("\r", "found it  version 1");
      await say("get unique/\\ ", "unique/\\ ");
      await say("\t", "with\\ space ");
      await say("\r", "this too  version 1");
      await say("half a line", "half a line");
      await say("\x03", "^C");
      await say("\x03", "(Ctrl-D or quit ends)");
    });
    expect(first).toBe(0);
    const entered = "get unique/key \nget unique/\\ with\\ space \n";
    expect(readFileSync(history, "utf8")).toBe(entered);
    expect(statSync(history).mode & 0o777).toBe(0o600);
    const second = await session(async (say) => {
      await say("\x1b[A", "get unique/\\ with\\ space");
      await say("\x1b[A", "get unique/key");
      await say("\r", "found it  version 1");
    });
    expect(second).toBe(0);
  },
  TEST_MS,
);

type Say = (keys: string, thenSees: string) => Promise<void>;
