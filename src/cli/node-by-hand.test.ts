import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { freePorts } from "../runtime/free-ports.ts";
import type { NodesReport } from "../runtime/nodes-report.ts";
import type { NodeStatusReport } from "../runtime/node-status.ts";
import { SETTINGS, variableOf } from "../runtime/settings.ts";
import { until } from "../runtime/testing/until.ts";
import { ordealLines } from "./testing/command-lines.ts";

const MAIN = join(import.meta.dir, "main.ts");
const DOC = readFileSync(join(import.meta.dir, "../../docs/operations.md"), "utf8");
const WITHIN_MS = 120_000;
const root = mkdtempSync(join(tmpdir(), "ordeal-hand-"));
const running: Subprocess[] = [];
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(running.map((child) => child.exited));
  rmSync(root, { recursive: true });
});

/** Patience, so that a busy machine does not cost a leader its place in the middle of the session. */
const env = { ...process.env, ORDEAL_ELECTION_TIMEOUT_MS: "2000", ORDEAL_HEARTBEAT_MS: "200" };

const start = (words: readonly string[]) => {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  running.push(child);
  return child;
};

/** The session of the documentation, on ports that are free here. */
function session(): { readonly lines: readonly (readonly string[])[]; http(id: number): string } {
  const part = DOC.slice(
    DOC.indexOf("## Nodes started by hand"),
    DOC.indexOf("## Settings of a node"),
  );
  const ports = new Map<string, number>();
  for (const port of new Set(part.match(/\b7[123]0\d\b/g))) ports.set(port, freePorts(1)[0]!);
  const here = (word: string): string =>
    word.replace(/\b7[123]0\d\b/g, (port) => String(ports.get(port))).replace("/tmp/hand", root);
  const lines = ordealLines(
    [...part.matchAll(/```sh\n([^]*?)```/g)].map(([, text]) => text).join(""),
  );
  return {
    lines: lines.map((words) => words.map(here)),
    http: (id) => `http://127.0.0.1:${ports.get(`730${id}`)}`,
  };
}

const ask = async <T>(url: string): Promise<T | null> =>
  fetch(url).then(
    (response) => response.json() as Promise<T>,
    () => null,
  );

test(
  "by hand: three nodes elect once two are there, the third catches up, a fourth joins, as documented",
  async () => {
    const { lines, http } = session();
    expect(lines.map(([command]) => command)).toEqual(["node", "node", "node", "watch", "node"]);
    const status = (id: number) => ask<NodeStatusReport>(`${http(id)}/status`);
    const [first, second, third, , fourth] = lines as [
      string[],
      string[],
      string[],
      string[],
      string[],
    ];
    start(first);
    await until("the first listens", async () => (await status(1)) !== null);
    expect(await status(1)).toMatchObject({ leaderId: 0 });
    start(second);
    await until("a leader", async () => ((await status(1))?.leaderId ?? 0) > 0);
    await until("it takes a write", async () => {
      const put = fetch(`${http(2)}/kv/colour`, { method: "PUT", body: "red" });
      return put.then(
        ({ ok }) => ok,
        () => false,
      );
    });
    const following = start(third);
    const local = async (id: number): Promise<string | null> =>
      fetch(`${http(id)}/kv/colour?local=true`).then(
        (response) => (response.ok ? response.text() : null),
        () => null,
      );
    await until("the third has caught up", async () => (await local(3)) === "red");

    const taken = fourth.map((word) => (word === "4" ? "2" : word));
    const elsewhere = [...fourth, "--cluster", "other"];
    const refused = await Promise.all(
      [taken, elsewhere].map(async (words) => {
        const child = start(words.map((word) => (word === root ? join(root, "new") : word)));
        return { err: await child.stderr.text(), code: await child.exited };
      }),
    );
    expect(refused.map(({ code }) => code)).toEqual([64, 64]);
    expect(refused[0]!.err).toContain("node 2 is a member already");
    expect(refused[1]!.err).toContain('the cluster there is "demo", not "other"');

    const joining = start(fourth);
    await until("the fourth votes", async () =>
      (await status(4))?.membership.voters.map(Number).includes(4),
    );
    await until("it has the data", async () => (await local(4)) === "red");
    joining.kill("SIGTERM");
    await joining.exited;
    expect(await joining.stderr.text()).toContain('node 4 is a voter of cluster "demo"');
    // The same command again: the same member, and no word of joining.
    const again = start(fourth);
    await until("it follows again", async () => ((await status(4))?.leaderId ?? 0) > 0);
    const known = await ask<NodesReport>(`${http(4)}/admin/nodes`);
    expect(known?.firstVoters).toEqual([1, 2, 3]);
    expect(known?.nodes.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    again.kill("SIGTERM");
    await again.exited;
    expect(await again.stderr.text()).toBe("");

    const watch = Bun.spawn([process.execPath, MAIN, ...lines[3]!, "--once", "--json"], {
      stdout: "pipe",
    });
    const seen = JSON.parse(await watch.stdout.text()) as { nodes: { id: number; role: string }[] };
    expect(await watch.exited).toBe(0);
    expect(seen.nodes.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(seen.nodes.at(-1)!.role).toBe("down");

    // What a node promised is gone with its directory, and the others know that it had begun.
    following.kill("SIGKILL");
    await following.exited;
    rmSync(join(root, "node-3"), { recursive: true });
    const emptied = start(third);
    await until("it runs", async () => (await status(3)) !== null);
    const log = readFileSync(join(root, "node-3", "node.log"), "utf8");
    expect(log).toContain('"event":"dataLost"');
    emptied.kill("SIGTERM");
    expect(await emptied.stderr.text()).toContain("it has lost its data, and takes no part");
  },
  WITHIN_MS,
);

test(
  "by hand: a node without a seed that answers, and settings that are wrong, exit 64 with every reason",
  async () => {
    const [nobody] = freePorts(1);
    const words = ["node", "--id", "9", "--data-dir", join(root, "none")];
    const lonely = start([...words, "--join", `127.0.0.1:${nobody}`]);
    const wrong = start([...words, "--storage", "tape", "--voters", "x"]);
    expect([await lonely.exited, await wrong.exited]).toEqual([64, 64]);
    expect(await lonely.stderr.text()).toContain(`127.0.0.1:${nobody}: does not answer`);
    const err = await wrong.stderr.text();
    for (const where of ["--storage:", "--voters:", "clusterId: is missing"])
      expect(err).toContain(where);
    const shown = start([...words, "--cluster", "c", "--print-config", "--json"]);
    const { settings } = JSON.parse(await shown.stdout.text()) as { settings: unknown[] };
    expect(settings).toContainEqual({ key: "clusterId", value: "c", from: "--cluster" });
    expect(settings).toContainEqual({ key: "storage", value: "disk", from: "default" });
  },
  WITHIN_MS,
);

test("by hand: the documentation lists every setting, by flag, variable and key", () => {
  const missing = SETTINGS.filter(
    (setting) =>
      !new RegExp(`\`--${setting.flag}\` .*\`${variableOf(setting)}\` .*\`${setting.key}\``).test(
        DOC,
      ),
  );
  expect(missing.map(({ flag }) => flag)).toEqual([]);
});
