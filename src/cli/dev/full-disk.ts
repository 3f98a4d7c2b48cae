/**
 * `bun src/cli/dev/full-disk.ts`: three real nodes, one of them on a file system that really has no
 * space: a tmpfs of a few MiB, which takes root on Linux to mount. The leader runs full under writes:
 * it must end and another serve; with space again it must come back by a restart with all that was
 * acknowledged. A new node on a full disk must say why it does not start. Exits with 0 when all of that
 * held, 2 when not, and 3, saying so, where no file system can be mounted.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askReport } from "../../target/local-admin.ts";
import { members, transferLeadership } from "../../target/local-members.ts";
import { LocalSupervisor } from "../../target/local-supervisor.ts";
import { until } from "../../target/until.ts";

const SMALL = "6m";
/** Less than a first segment. */
const TINY = "1m";
const LARGE = "128m";
const WITHIN_MS = 20_000;
const VALUE_BYTES = 128 << 10;
const PUTS_MAX = 400;
/** The node on the small file system. */
const SMALL_NODE = 1;
const EXIT_FAILED = 2;
const EXIT_UNKNOWN = 3;

const say = (line: string): void => console.log(line);

/** Runs mount(8) or umount(8). Null: done, else what it said. */
function mounting(command: "mount" | "umount", ...args: readonly string[]): string | null {
  try {
    const { exitCode, stderr } = Bun.spawnSync([command, ...args], { stderr: "pipe" });
    return exitCode === 0 ? null : stderr.toString().trim();
  } catch (error) {
    return (error as Error).message;
  }
}

const valueOf = (key: number): string => `${key}:`.padEnd(VALUE_BYTES, "v");

/** Puts until acknowledged; returns what the first answer that was not was, "" when there was none. */
async function put(supervisor: LocalSupervisor, key: number): Promise<string> {
  let refused = "";
  await until(`key ${key} is written`, WITHIN_MS, async () => {
    const { leader } = await members(supervisor);
    const node = supervisor.config.nodes.find(({ id }) => id === leader)!;
    const url = `http://${node.host}:${node.httpPort}/kv/${key}`;
    const signal = AbortSignal.timeout(2_000);
    const request = fetch(url, { method: "PUT", body: valueOf(key), redirect: "manual", signal });
    const answer = await request.catch((error: Error) => error.message);
    if (typeof answer !== "string" && answer.ok) return true;
    refused ||= typeof answer === "string" ? answer : `HTTP ${answer.status}`;
    return false;
  });
  return refused;
}

async function lostKeys(supervisor: LocalSupervisor, count: number): Promise<number> {
  let lost = 0;
  for (let key = 0; key < count; key++) {
    await until(`key ${key} is read`, WITHIN_MS, async () => {
      const { leader } = await members(supervisor);
      const node = supervisor.config.nodes.find(({ id }) => id === leader)!;
      const response = await fetch(`http://${node.host}:${node.httpPort}/kv/${key}`);
      if (response.status !== 200 && response.status !== 404) return false;
      if ((await response.text()) !== valueOf(key)) lost++;
      return true;
    });
  }
  return lost;
}

async function check(dir: string, mountPoint: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  const options = { nodes: 3, storage: "disk", dir, faultyLinks: false, seed: 1 } as const;
  const supervisor = await LocalSupervisor.start({ ...options, raft: { snapshotEveryBytes: 0 } });
  try {
    await transferLeadership(supervisor, SMALL_NODE);
    let count = 0;
    let refused = "";
    while (supervisor.nodes.pid(SMALL_NODE) !== 0 && count < PUTS_MAX) {
      refused ||= await put(supervisor, count++);
    }
    const [failure = "it did not end"] = supervisor.failures;
    say(`the leader ran full under ${count} acknowledged puts: ${failure.split("\n")[0]}`);
    if (!/code 70.*ENOSPC/s.test(failure)) wrong.push(`the leader: ${failure}`);
    const { leader } = await members(supervisor);
    say(`node ${leader} leads; a client was told "${refused || "nothing"}" on its way there`);
    const lostBefore = await lostKeys(supervisor, count);
    if (lostBefore > 0) wrong.push(`${lostBefore} acknowledged puts are gone without the node`);

    enlarge(mountPoint);
    await supervisor.nodes.restart([SMALL_NODE]);
    const address = supervisor.config.nodes.find(({ id }) => id === SMALL_NODE)!;
    await until("the node has caught up", WITHIN_MS, async () => {
      const own = await askReport(address, WITHIN_MS);
      const others = await members(supervisor);
      const of = supervisor.config.nodes.find(({ id }) => id === others.leader)!;
      return own !== null && own.appliedIndex === (await askReport(of, WITHIN_MS))?.commitIndex;
    });
    say("with space again it came back by a restart, and caught up");
    await transferLeadership(supervisor, SMALL_NODE);
    const lost = await lostKeys(supervisor, count);
    if (lost > 0) wrong.push(`${lost} acknowledged puts are gone on the node that came back`);
    else say(`it leads again, and all ${count} acknowledged puts are there`);
  } finally {
    await supervisor.stop();
  }
  return wrong;
}

/** A new node on a file system that is full at once says so, and begins when there is space. */
async function checkStart(dir: string, mountPoint: string): Promise<readonly string[]> {
  const options = { nodes: 1, storage: "disk", dir, faultyLinks: false, seed: 1 } as const;
  const starting = await LocalSupervisor.start(options).catch((error: Error) => error);
  if (starting instanceof LocalSupervisor) {
    await starting.stop();
    return ["a node began on a file system that is too small for its first segment"];
  }
  say(`a new node on a full disk: ${starting.message.replace(/\s+/g, " ")}`);
  if (!/cannot use the data directory.*no space left/s.test(starting.message))
    return [`the new node: ${starting.message}`];
  enlarge(mountPoint);
  const supervisor = await LocalSupervisor.start(options);
  try {
    await put(supervisor, 1);
    say("with space it begins in the same directory");
    return [];
  } finally {
    await supervisor.stop();
  }
}

function enlarge(mountPoint: string): void {
  const refused = mounting("mount", "-o", `remount,size=${LARGE}`, mountPoint);
  if (refused !== null) throw new Error(`remount: ${refused}`);
}

/** Runs `body` in a directory in which the data of SMALL_NODE are on a tmpfs of `size`. */
async function onTmpfs(
  size: string,
  body: (dir: string, mountPoint: string) => Promise<readonly string[]>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-full-disk-"));
  const mountPoint = join(dir, `node-${SMALL_NODE}`);
  mkdirSync(mountPoint);
  const refusal = mounting("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", mountPoint);
  try {
    if (refusal !== null) {
      say(`NOT CHECKED: no file system can be mounted here (${refusal}); it takes root on Linux`);
      process.exitCode = EXIT_UNKNOWN;
      return;
    }
    const wrong = await body(dir, mountPoint);
    for (const line of wrong) say(`✘ ${line}`);
    if (wrong.length > 0) process.exitCode = EXIT_FAILED;
    else say("✔ held");
  } finally {
    if (refusal === null) mounting("umount", mountPoint);
    rmSync(dir, { recursive: true, force: true });
  }
}

await onTmpfs(SMALL, check);
await onTmpfs(TINY, checkStart);
