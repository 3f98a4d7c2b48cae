import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandBytes, OP_PUT, writeCommand } from "../kv/command.ts";
import { ownCommand } from "../runtime/self.ts";
import { ask, get, put } from "../runtime/testing/binary-client.ts";
import { clusterConfig, tempDir } from "../runtime/testing/cluster.ts";
import { type RawClient, rawClient } from "../runtime/testing/raw-client.ts";
import { textClient } from "../runtime/testing/text-client.ts";
import { until } from "../runtime/testing/until.ts";
import { readLines } from "../target/json-lines.ts";
import { eachResponse } from "../wire/client.ts";
import { statusName } from "../wire/errors.ts";
import { beginFrame, endFrame } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import type { LoadEvent, LoadResult, LoadSpec } from "../workload/spec.ts";
import { connect } from "./client.ts";

setDefaultTimeout(120_000);

/** Longer than any test: who leads goes on to without a majority, and who follows starts no election. */
const PATIENT_MS = 600_000;
/** Of who is to lead first. */
const HASTY_MS = 300;
/** The least that may be said. */
const QUEUE_MAX = 256;

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

type Overload = { readonly queueMs?: number; readonly queueMax?: number };

/**
 * Three node processes of which node 1 leads and cannot commit: the others are stopped (SIGSTOP), and it does
 * not mind. So whatever it takes waits, until `resume`.
 */
async function stuckLeader(overload: Overload) {
  const dir = tempDir();
  ended.push(() => dir.remove());
  const config = clusterConfig(3, dir.path, "memory");
  const children = config.nodes.map(({ id }) => {
    const path = join(dir.path, `node-${id}.json`);
    const electionTimeoutMinMs = id === 2 ? HASTY_MS : PATIENT_MS;
    writeFileSync(path, JSON.stringify({ ...config, overload, raft: { electionTimeoutMinMs } }));
    const command = ownCommand("node", [JSON.stringify({ id, config: path })]);
    return Bun.spawn(command, { stdio: ["pipe", "ignore", "inherit"] });
  });
  ended.push(async () => {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map(({ exited }) => exited));
  });
  const [leader, hasty] = config.nodes as [(typeof config.nodes)[0], (typeof config.nodes)[0]];
  const url = `http://127.0.0.1:${leader.httpPort}`;
  const leads = async (): Promise<boolean> =>
    fetch(`${url}/status`).then(
      async (answer) => ((await answer.json()) as { role: string }).role === "leader",
      () => false,
    );
  const signal = (name: "SIGSTOP" | "SIGCONT"): void => {
    for (const child of children.slice(1)) child.kill(name);
  };
  await until("node 1 leads, and nobody else can", async () => {
    const body = JSON.stringify({ to: 1 });
    const headers = { "content-type": "application/json" };
    const transfer = `http://127.0.0.1:${hasty.httpPort}/admin/transfer`;
    await fetch(transfer, { method: "POST", body, headers }).catch(() => null);
    if (!(await leads()) || (await put(leader.clientPort, "k", "before")).status !== "ok")
      return false;
    signal("SIGSTOP");
    if (await leads()) return true;
    signal("SIGCONT");
    return false;
  });
  return { port: leader.clientPort, url, resume: () => signal("SIGCONT") };
}

/** Puts on one connection, which are not waited for. */
async function pipelined(port: number) {
  const client = await rawClient(port);
  ended.push(() => client.close());
  const text = new TextEncoder();
  let sent = 0;
  return {
    put(keys: readonly string[]): void {
      client.encode((w) => {
        const start = beginFrame(w, KIND.clientRequests, 1);
        for (const key of keys) {
          const fields = {
            op: OP_PUT,
            flags: 0,
            session: 0,
            seq: 0,
            nonce: 0,
            expected: 0,
          } as const;
          const command = { ...fields, key: text.encode(key), value: text.encode("v") };
          const bytes = new Uint8Array(commandBytes(command.key.length, command.value.length));
          writeCommand(bytes, new DataView(bytes.buffer), 0, command);
          w.u32(4 + bytes.length);
          w.u32(sent++);
          w.bytes(bytes);
        }
        endFrame(w, start);
      });
    },
    /** What was answered so far: the number of the put, and its status. */
    get answers(): readonly string[] {
      return answersOf(client);
    },
  };
}

function answersOf({ frames }: RawClient): readonly string[] {
  const answers: string[] = [];
  for (const { body } of frames) {
    eachResponse(body, ({ requestId, status }) =>
      answers.push(`${requestId} ${statusName(status)}`),
    );
  }
  return answers;
}

/** An open loop of puts that asks this node only. */
async function offered(port: number): Promise<LoadResult> {
  const address = { target: "ordeal", nodes: [{ id: 1, host: "127.0.0.1", port }] } as const;
  const spec: LoadSpec = {
    ...{ address, seed: 1, clients: 256, rate: 2_000, arrivals: "constant", connections: 1 },
    ...{ keys: 10, keyDistribution: "uniform", valueBytes: 16, reads: "linearizable" },
    ...{ mix: { get: 0, put: 1, cas: 0, append: 0, delete: 0 }, pacing: "event" },
    ...{ operations: 4_000, durationMs: null, warmupMs: 0, timeoutMs: 60_000, history: null },
  };
  const child = Bun.spawn(ownCommand("ordeal", ["load", "--spec", "-"]), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  ended.push(() => child.kill("SIGKILL"));
  // Its standard input stays open, for its end would end the load.
  child.stdin.write(`${JSON.stringify(spec)}\n`);
  child.stdin.flush();
  for await (const line of readLines(child.stdout)) {
    const event = JSON.parse(line) as LoadEvent;
    if (event.kind === "done") return event.result;
  }
  throw new Error("the load has ended without a result");
}

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);

const refusalsOf = async (url: string, reason: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`overload_refusals_total{reason="${reason}"} (\\d+)`).exec(text)?.[1]);
};

test("overload: in every protocol the refusal comes while the queue stands still, is definite, and holds", async () => {
  const { port, url, resume } = await stuckLeader({ queueMs: 0, queueMax: QUEUE_MAX });
  const queue = await pipelined(port);
  queue.put([...numbered("taken", QUEUE_MAX), "refused-frame"]);
  // Of all of them the one beyond the limit is answered, and it alone.
  expect(await until("a refusal", () => queue.answers.length > 0 && queue.answers)).toEqual([
    `${QUEUE_MAX} overloaded`,
  ]);
  expect(await put(port, "refused-binary", "v")).toMatchObject({ status: "overloaded" });
  expect(await get(port, "k")).toMatchObject({ status: "overloaded", value: "" });

  const text = await textClient(port);
  ended.push(() => text.close());
  text.send("SET refused-resp v\r\nGET k\r\n");
  const refused = "-OVERLOADED a queue is full; nothing was done, try again after a pause\r\n";
  expect(await text.lines(2)).toBe(refused.repeat(2));

  const json = await textClient(port);
  ended.push(() => json.close());
  json.send('{"op":"put","key":"refused-json","value":"v"}\n{"op":"get","key":"k","local":true}\n');
  const [denied, local] = (await json.lines(2))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(denied).toMatchObject({ ok: false, error: { code: "overloaded", definite: true } });
  expect(local, "what needs no queue is served").toMatchObject({ ok: true, value: "before" });

  const http = await fetch(`${url}/kv/refused-http`, { method: "PUT", body: "v" });
  expect(http.status).toBe(503);
  expect(http.headers.get("retry-after")).toBe("1");
  const problem = (await http.json()) as object;
  expect(problem).toMatchObject({ definite: true, error: expect.stringMatching(/^overloaded: /) });

  const client = await connect({ nodes: [`127.0.0.1:${port}`], timeoutMs: 60_000 });
  ended.push(() => client.close());
  const failure = await client.put("refused-client", "v").then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({
    ...{ name: "OperationFailedError", code: "overloaded", definite: true },
  });

  const { counts, shed = 0 } = await offered(port);
  expect(counts).toMatchObject({ ok: 0, info: 0 });
  expect(shed, "a part is not even sent").toBeGreaterThan(0);
  expect(queue.answers, "nothing was served meanwhile").toHaveLength(1);
  expect(await refusalsOf(url, "queueLength")).toBeGreaterThanOrEqual(7);

  resume();
  await until("the queue is served", () => queue.answers.length === QUEUE_MAX + 1);
  expect(new Set(queue.answers.slice(1).map((answer) => answer.split(" ")[1]))).toEqual(
    new Set(["ok"]),
  );
  for (const name of ["frame", "binary", "resp", "json", "http", "client"]) {
    expect(await get(port, `refused-${name}`), name).toMatchObject({ status: "notFound" });
  }
  expect(await ask(port, OP_PUT, "refused-binary", "now")).toMatchObject({ status: "ok" });
});

test("overload: a queue that has stood still for long is closed though it is short, and told apart", async () => {
  const { port, url, resume } = await stuckLeader({});
  const queue = await pipelined(port);
  queue.put(numbered("taken", QUEUE_MAX));
  // Time has to pass for a queue to be late: each put beyond its 256 is taken until then.
  let count = QUEUE_MAX;
  await until("a refusal", () => {
    if (queue.answers.length > 0) return true;
    queue.put([`more${count++}`]);
    return false;
  });
  expect(queue.answers[0]).toEndWith(" overloaded");
  expect(await refusalsOf(url, "queueTime")).toBeGreaterThanOrEqual(1);
  expect(await refusalsOf(url, "queueLength")).toBe(0);
  resume();
  await until("all is answered", () => queue.answers.length === count);
  const statuses = queue.answers.map((answer) => answer.split(" ")[1]);
  expect(statuses.filter((status) => status === "ok").length).toBeGreaterThanOrEqual(QUEUE_MAX);
  expect(new Set(statuses)).toEqual(new Set(["ok", "overloaded"]));
});
