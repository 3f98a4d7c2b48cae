import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { OpenFiles } from "./open-files.ts";
import { tempDir } from "./testing/cluster.ts";
import { linesLog } from "./testing/log.ts";
import { until } from "./testing/until.ts";

test("open files: scarcity is told once, and its end once there is twice the room", () => {
  const log = linesLog();
  const told: boolean[] = [];
  let left = 1000;
  const files = new OpenFiles({ log, onScarce: (is) => void told.push(is), left: () => left });
  for (left of [100, 63, 10, 0, 64, 127, 128, 127]) files.check();
  files.stop();
  expect(told).toEqual([true, false]);
  expect(log.lines.map(({ event, left: at }) => [event, at])).toEqual([
    ["filesScarce", 63],
    ["filesEnough", 128],
  ]);
});

const FILES_MAX = 150;

/** A node of its own that may have few files open. */
function startNode(dataDir: string, ports: readonly number[]): Bun.Subprocess {
  const main = join(import.meta.dir, "..", "cli", "main.ts");
  const listen = ["peer", "client", "http"].flatMap((name, i) => [
    `--listen-${name}`,
    `127.0.0.1:${ports[i]}`,
  ]);
  const args = [
    "node",
    "--id",
    "1",
    "--cluster",
    "few",
    "--data-dir",
    dataDir,
    "--peers",
    "127.0.0.1:1",
    "--voters",
    "1",
  ];
  const command = ["sh", "-c", `ulimit -n ${FILES_MAX}; exec "$@"`, "sh"];
  return Bun.spawn([...command, process.execPath, main, ...args, ...listen], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

test("open files: a node that runs out of them says so, listens no more for HTTP, and comes back", async () => {
  const dir = tempDir();
  const ports = freePorts(3);
  const node = startNode(dir.path, ports);
  const httpPort = ports[2]!;
  const isReady = () =>
    fetch(`http://127.0.0.1:${httpPort}/status`).then(
      ({ ok }) => ok,
      () => false,
    );
  const events = (): string[] =>
    readFileSync(join(dir.path, "node-1", "node.log"), "utf8")
      .split("\n")
      .flatMap((line) => /"event":"(files\w+)"/.exec(line)?.[1] ?? []);
  const sockets: Socket[] = [];
  try {
    await until("the node answers", isReady);
    for (let i = 0; i < FILES_MAX; i++) {
      const socket = connect({ port: httpPort, host: "127.0.0.1" });
      socket.on("error", () => {});
      sockets.push(socket);
    }
    await until("it says that files are scarce", () => events().includes("filesScarce"));
    for (const socket of sockets) socket.destroy();
    await until("it says that there are enough", () => events().includes("filesEnough"));
    await until("it answers again", isReady);
    expect(events().slice(0, 2)).toEqual(["filesScarce", "filesEnough"]);
  } finally {
    for (const socket of sockets) socket.destroy();
    node.kill();
    await node.exited;
    dir.remove();
  }
}, 60_000);
