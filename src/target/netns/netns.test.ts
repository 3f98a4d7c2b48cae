import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLEAR_LINK } from "../../fault/vocabulary.ts";
import { UserError } from "../../lib/user-error.ts";
import { readLines } from "../json-lines.ts";
import { targetConformance } from "../testing/conformance.ts";
import { isAlive } from "../testing/processes.ts";
import { until } from "../until.ts";
import { refuseImpossible } from "./command.ts";
import { netnsTarget } from "./netns.ts";
import { freeSubnet, NetnsNetwork } from "./network.ts";
import { rulesFor } from "./rules.ts";

const WITHIN_MS = 120_000;
const TEST_MS = 180_000;

/** Why this machine, or this user, cannot; null: it can. */
const whyNot = await NetnsNetwork.open(1).then(
  async (network) => {
    await network.close();
    return null;
  },
  (error: unknown) => {
    if (error instanceof UserError) return error;
    throw error;
  },
);

if (whyNot === null) {
  describe("netns", () => targetConformance(netnsTarget, { nodes: 3 }));

  test(
    "netns: nothing is left of it when its process is killed",
    async () => {
      const dir = mkdtempSync(join(tmpdir(), "ordeal-netns-"));
      const child = Bun.spawn([process.execPath, join(import.meta.dir, "testing", "run.ts"), dir], {
        ...{ stdin: "ignore", stdout: "pipe", stderr: "inherit" },
      });
      const { value } = await readLines(child.stdout).next();
      const pids = JSON.parse(value!) as readonly number[];
      const device = `ord${child.pid}x1`;
      expect(devices()).toContain(device);
      expect(pids.length).toBe(3);
      expect(pids.every(isAlive)).toBe(true);
      child.kill("SIGKILL");
      await until(
        "all is gone",
        WITHIN_MS,
        () => !devices().includes(device) && !pids.some(isAlive),
      );
      rmSync(dir, { recursive: true, force: true });
    },
    TEST_MS,
  );

  test(
    "netns: a one-way cut stops the connections of one end, and the kernel drops what they send",
    async () => {
      const network = await NetnsNetwork.open(2);
      try {
        const nodes = network.hosts.map((host, i) => {
          return { id: i + 1, host, peerPort: 7001, clientPort: 7002, httpPort: 7003 };
        });
        const config = { nodes, clusterId: "x", dataDir: "/", storage: "memory" } as const;
        const links = await network.openLinks(config, 1);
        const cut = { from: 1, to: 2, state: { ...CLEAR_LINK, cut: true } };
        const servers = nodes.map(({ host }) =>
          Bun.spawn([...network.commandAt(host), process.execPath, "-e", SERVE, host], {
            ...{ stdin: "ignore", stdout: "pipe" },
          }),
        );
        for (const server of servers) await readLines(server.stdout).next();
        const dial = (from: number, to: number, withinMs = 20_000): boolean => {
          const { host } = nodes[to - 1]!;
          const within = network.commandAt(nodes[from - 1]!.host);
          const dialler = [process.execPath, "-e", DIAL, host, String(withinMs)];
          return Bun.spawnSync([...within, ...dialler]).exitCode === 0;
        };
        expect([dial(1, 2), dial(2, 1)]).toEqual([true, true]);
        await links.set([cut]);
        expect([dial(1, 2, 1_000), dial(2, 1)]).toEqual([false, true]);
        await links.set([{ ...cut, state: CLEAR_LINK }]);
        expect([dial(1, 2), dial(2, 1)]).toEqual([true, true]);
        await links.stop();
        for (const server of servers) server.kill("SIGKILL");
      } finally {
        await network.close();
      }
    },
    TEST_MS,
  );
} else {
  console.warn(
    `NOT RUN: the tests of nodes in network namespaces (--network netns), for want of root or of ` +
      `programs:\n${whyNot.problems.map(({ where, what }) => `  ${where} ${what}`).join("\n")}`,
  );
  test("netns: NOT RUN but for this: where it cannot be, a start is refused with the reasons", async () => {
    const options = { nodes: 1, storage: "memory", dir: tmpdir(), faultyLinks: true, seed: 1 };
    await expect(netnsTarget.start(options as never)).rejects.toThrow(UserError);
    expect(whyNot.problems.length).toBeGreaterThan(0);
  });
}

/** Answers whoever connects. */
const SERVE = `Bun.listen({ hostname: process.argv[1], port: 7001, socket: {
  open(s) { s.end("x"); }, data() {} } }); console.log("listens")`;
/** Ends with 0 once it was answered, and with 1 when it was not in time. */
const DIAL = `setTimeout(() => process.exit(1), Number(process.argv[2])); Bun.connect({ hostname: process.argv[1],
  port: 7001, socket: { data() { process.exit(0); } } }).catch(() => process.exit(1))`;

const devices = (): readonly string[] =>
  Bun.spawnSync(["ip", "-o", "link"])
    .stdout.toString()
    .split("\n")
    .flatMap((line) => /^\d+: (ord\w+)/.exec(line)?.[1] ?? []);

test("netns: rules name addresses and the port that was dialled, cuts before chances", () => {
  const nodes = [1, 2].map((id) => ({
    ...{ id, host: `198.18.0.${id}`, peerPort: 7000 + id, clientPort: 1, httpPort: 2 },
  }));
  const rules = rulesFor(nodes, [
    { from: 1, to: 2, state: { ...CLEAR_LINK, cut: true, loss: 0.5 } },
    { from: 2, to: 1, state: { ...CLEAR_LINK, loss: 0.125 } },
    { from: 1, to: 3, state: { ...CLEAR_LINK, cut: true } },
  ]);
  expect(rules.split("\n").filter((line) => line.endsWith(" drop"))).toEqual([
    "    ip saddr 198.18.0.1 ip daddr 198.18.0.2 tcp dport 7002 drop",
    "    ip saddr 198.18.0.2 ip daddr 198.18.0.1 tcp dport 7001 numgen random mod 1000000 < 125000 drop",
  ]);
  expect(rulesFor(nodes, [{ from: 1, to: 2, state: CLEAR_LINK }])).not.toContain(" drop");
});

test("netns: a subnet in use is not taken", () => {
  expect(freeSubnet("", 3)).toBe("198.18.3");
  expect(freeSubnet("7: x    inet 198.18.3.254/24 scope global x", 3)).toBe("198.18.4");
  expect(freeSubnet("", 511)).toBe("198.19.255");
  expect(freeSubnet("7: x    inet 198.19.255.254/24", 511)).toBe("198.18.0");
});

test("netns: without root or programs all that is missing is told, with what to install", () => {
  const problems = (): readonly string[] => {
    try {
      refuseImpossible(1000, (program) => (program === "nft" ? null : `/usr/sbin/${program}`));
    } catch (error) {
      if (error instanceof UserError)
        return error.problems.map(({ where, fix }) => `${where}: ${fix}`);
      throw error;
    }
    return [];
  };
  expect(problems()).toEqual([
    expect.stringMatching(/^this (user|system): /),
    "nft: apt-get install nftables",
  ]);
  if (process.platform === "linux") expect(() => refuseImpossible(0, (x) => x)).not.toThrow();
});
