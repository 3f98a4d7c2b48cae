import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistogramLogReader } from "hdr-histogram-js";
import { checkHistory } from "../../check/check.ts";
import { readHistory } from "../../history/codec.ts";
import { OUTCOME_OK } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { readLines } from "../../target/json-lines.ts";
import { startTrivialServer } from "../../target/trivial-server.ts";
import type { Counts, LoadCommand, LoadEvent, LoadResult, LoadSpec } from "../../workload/spec.ts";
import { SPEC } from "../../workload/testing/bench-top.ts";

const MAIN = join(import.meta.dir, "..", "main.ts");
const KEYS = 50;
/** Of an operation that is to succeed: no machine is so slow. */
const PATIENT_MS = 30_000;

/** Each test starts processes, and a busy machine takes seconds for one. */
setDefaultTimeout(120_000);

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanup.splice(0)) step();
});

function server(port = 0): { readonly port: number; stop(): void } {
  const one = startTrivialServer(port);
  cleanup.push(() => one.stop());
  return one;
}

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-load-"));
  cleanup.push(() => rmSync(dir, { recursive: true }));
  return dir;
}

const specFor = (port: number, change: Partial<LoadSpec> = {}): LoadSpec => ({
  ...SPEC,
  address: { target: "ordeal", nodes: [{ id: 1, host: "127.0.0.1", port }] },
  keys: KEYS,
  durationMs: 400,
  mix: { get: 0.4, put: 0.3, cas: 0.1, append: 0.1, delete: 0.1 },
  timeoutMs: PATIENT_MS,
  ...change,
});

/** A generator process, with what it says. */
function generator(spec: LoadSpec) {
  const child = Bun.spawn([process.execPath, MAIN, "load", "--spec", "-"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  cleanup.push(() => child.kill("SIGKILL"));
  const lines = readLines(child.stdout);
  const tell = (value: LoadSpec | LoadCommand): void => {
    child.stdin.write(`${JSON.stringify(value)}\n`);
    child.stdin.flush();
  };
  tell(spec);
  const events: LoadEvent[] = [];
  const until = async (kind: LoadEvent["kind"]): Promise<LoadEvent> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`it ended: ${await new Response(child.stderr).text()}`);
      const event = JSON.parse(value) as LoadEvent;
      events.push(event);
      if (event.kind === kind) return event;
    }
  };
  const untilTick = async (isIt: (counts: Counts) => boolean): Promise<void> => {
    for (;;) {
      const event = await until("tick");
      if (event.kind === "tick" && isIt(event.counts)) return;
    }
  };
  const result = async (): Promise<LoadResult> => {
    const event = await until("done");
    return event.kind === "done" ? event.result : expect.unreachable();
  };
  return { child, tell, events, until, untilTick, result };
}

describe("generator process", () => {
  test("ready, ticks, done; every key is read at the end; the history holds it all", async () => {
    const history = join(tempDir(), "new", "history.bin");
    const run = generator(specFor(server().port, { history, finalReads: true }));
    const result = await run.result();
    expect(await run.child.exited).toBe(0);
    expect(run.events[0]!.kind).toBe("ready");
    const ticks = run.events.filter((event) => event.kind === "tick");
    expect(ticks.length).toBeGreaterThan(0);
    const okInTicks = ticks.reduce((sum, tick) => sum + tick.counts.ok, 0);
    expect(result.counts).toEqual({ ok: okInTicks, fail: 0, info: 0 });
    expect(result.unread).toBe(0);
    expect(Object.keys(result.byOp).sort()).toEqual(["append", "cas", "delete", "get", "put"]);
    const read = readHistory(readFileSync(history));
    expect(read.count).toBe(okInTicks + KEYS);
    const last = Array.from({ length: KEYS }, (_, i) => read.count - 1 - i);
    expect(last.every((i) => read.op[i] === OP_GET && read.outcome[i] === OUTCOME_OK)).toBe(true);
    expect(new Set(last.map((i) => read.keys.name(read.key[i]!))).size).toBe(KEYS);
  });

  test("stop ends an endless load, with final reads if it asks for them", async () => {
    const run = generator(specFor(server().port, { durationMs: null, rate: 1000 }));
    await run.untilTick(({ ok }) => ok > 0);
    run.tell({ kind: "stop", finalReads: true });
    const result = await run.result();
    expect(result.unread).toBe(0);
    expect(result.counts.ok).toBeGreaterThan(0);
    expect(await run.child.exited).toBe(0);
  });

  test("the end of standard input ends it, whatever it is doing", async () => {
    const run = generator(specFor(server().port, { durationMs: null }));
    await run.until("tick");
    run.child.stdin.end();
    await run.child.exited;
    expect(run.events.some((event) => event.kind === "done")).toBe(false);
  });

  test("a server that goes and comes back: the load goes on, and says what it lost", async () => {
    const first = server();
    const run = generator(specFor(first.port, { durationMs: null, timeoutMs: 300 }));
    await run.untilTick(({ ok }) => ok > 0);
    first.stop();
    await run.untilTick(({ fail, info }) => fail + info > 0);
    server(first.port);
    await run.untilTick(({ ok }) => ok > 0);
    run.tell({ kind: "stop" });
    const { counts } = await run.result();
    expect(counts.ok).toBeGreaterThan(0);
    expect(counts.fail + counts.info).toBeGreaterThan(0);
  });

  test("a server that comes back empty has lost what it acknowledged: told while the load runs", async () => {
    const first = server();
    const history = join(tempDir(), "history.bin");
    // No deletes: one without an answer would explain a key that begins anew.
    const mix = { get: 0.5, put: 0.5, cas: 0, append: 0, delete: 0 };
    const change = { history, follow: true, durationMs: null, keys: 5, timeoutMs: 300, mix };
    const run = generator(specFor(first.port, change));
    await run.untilTick(({ ok }) => ok > 100);
    first.stop();
    server(first.port);
    const event = await run.until("violation");
    if (event.kind !== "violation") expect.unreachable();
    expect(event.key).toMatch(/^k\d+$/);
    expect(event.seenUs).toBeGreaterThanOrEqual(event.atUs);
    run.tell({ kind: "stop" });
    await run.result();
    const checked = checkHistory(readHistory(readFileSync(history)), {
      now: () => performance.now(),
      timeoutMs: PATIENT_MS,
      memoryBytes: 1 << 28,
    });
    expect(checked.kind).toBe("fail");
  });

  test("a spec that makes no sense ends it with 64 and every problem", async () => {
    const run = generator(specFor(1, { clients: 0, valueBytes: 1 }));
    expect(await run.child.exited).toBe(64);
    const complaint = await new Response(run.child.stderr).text();
    expect(complaint).toContain("clients: 0");
    expect(complaint).toContain("valueBytes: 1");
  });

  test("a history that cannot be written is the user's to mend", async () => {
    const run = generator(specFor(server().port, { history: "/dev/null/history.bin" }));
    expect(await run.child.exited).toBe(64);
    expect(await new Response(run.child.stderr).text()).toContain("/dev/null/history.bin");
  });
});

describe("ordeal load", () => {
  const BRIEF = ["--duration", "300ms", "--warmup", "0", "--timeout", `${PATIENT_MS}ms`];
  const load = (...args: readonly string[]) =>
    Bun.spawn([process.execPath, MAIN, "load", ...args], {
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, CI: "true" }, // Where a library would colour pipes too.
    });

  test("--json prints one document, and nothing else on stdout", async () => {
    const nodes = `127.0.0.1:${server().port}`;
    const child = load("--nodes", nodes, ...BRIEF, "--json");
    const { spec, result } = JSON.parse(await new Response(child.stdout).text());
    expect(spec.clients).toBe(64);
    // How much is done in 300 ms is the machine's affair; what was begun is ended and counted.
    expect(result.counts.ok).toBeGreaterThan(0);
    expect(await child.exited).toBe(0);
  });

  test("--stop-on-violation: a store that was not empty ends the load, with 2 and a sentence", async () => {
    const nodes = `127.0.0.1:${server().port}`;
    const few = ["--nodes", nodes, "--keys", "5", "--warmup", "0", "--mix", "get=0.5,put=0.5"];
    expect(await load(...few, "--duration", "300ms").exited).toBe(0);
    const history = join(tempDir(), "history.bin");
    const follow = ["--history", history, "--stop-on-violation"];
    const child = load(...few, "--duration", "1h", ...follow, "--json");
    const { violations } = JSON.parse(await new Response(child.stdout).text());
    expect(violations[0].sentence).not.toBe("");
    expect(await child.exited).toBe(2);
    expect(await new Response(child.stderr).text()).toContain(`violation on ${violations[0].key}`);
  });

  test("--generators: processes that share the load are one result, and one log of latencies", async () => {
    const nodes = `127.0.0.1:${server().port}`;
    const hlog = join(tempDir(), "load.hlog");
    const flags = ["--generators", "3", "--clients", "7", "--rate", "900", "--mix", "put=1"];
    const child = load("--nodes", nodes, ...BRIEF, ...flags, "--hlog", hlog, "--json");
    const { spec, result } = JSON.parse(await new Response(child.stdout).text());
    expect(await child.exited).toBe(0);
    expect(spec).toMatchObject({ generators: 3, clients: 7, rate: 900 });
    expect(result).toMatchObject({ generators: 3, counts: { fail: 0, info: 0 } });
    expect(result.counts.ok).toBeGreaterThan(0);
    expect(result.response.count).toBe(result.counts.ok);
    expect("histograms" in result).toBe(false);
    const reader = new HistogramLogReader(readFileSync(hlog, "utf8"), 64);
    const lines = [1, 2, 3].map(() => reader.nextIntervalHistogram()!);
    expect(lines.map(({ tag }) => tag)).toEqual(["load/put", "load/response", "load/lateness"]);
    expect(lines[0]!.totalCount).toBe(result.counts.ok);
  });

  test("--generators auto: one is enough for a rate that it holds", async () => {
    const nodes = `127.0.0.1:${server().port}`;
    const flags = ["--generators", "auto", "--rate", "10", "--clients", "1", "--json"];
    const child = load("--nodes", nodes, ...BRIEF, ...flags);
    const { result } = JSON.parse(await new Response(child.stdout).text());
    expect(await child.exited).toBe(0);
    expect(result.generators ?? 1).toBe(1);
  });

  test("without --json a summary; --dir finds the cluster's client ports", async () => {
    const dir = tempDir();
    const nodes = [
      { id: 4, host: "127.0.0.1", peerPort: 1, clientPort: server().port, httpPort: 2 },
    ];
    await Bun.write(join(dir, "cluster.json"), JSON.stringify({ nodes }));
    const child = load("--dir", dir, ...BRIEF, "--rate", "2000");
    const text = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    for (const word of ["ops/s", "response", "service", "lateness", "get", "put"]) {
      expect(text).toContain(word);
    }
    expect(text).not.toContain("\x1b");
  });

  test("mistakes are named, and end it with 64", async () => {
    const cases = [
      [[], "no cluster is named"],
      [["--nodes", "localhost"], '"localhost"'],
      [["--dir", "/dev/null"], "ordeal cluster start"],
      [["--nodes", "localhost:1", "--stop-on-violation"], "no history to follow"],
      [["--nodes", "localhost:1", "--mix", "get=0.5,jump=0.5"], '"jump=0.5"'],
      [["--nodes", "localhost:1", "--generators", "2", "--history", "h"], "one history"],
      [["--nodes", "localhost:1", "--generators", "some"], "NaN is not a whole number"],
    ] as const;
    const ends = cases.map(async ([args, complaint]) => {
      const child = load(...args);
      expect(await child.exited, args.join(" ")).toBe(64);
      expect(await new Response(child.stderr).text()).toContain(complaint);
    });
    await Promise.all(ends);
  });
});
