import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLog } from "./logging.ts";

test("log: a line is in the file when the call returns", () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-log-"));
  const file = join(dir, "node.log");
  openLog(file, 3).warn({ event: "peerLost", peer: 2 }, "gone");
  const line = JSON.parse(readFileSync(file, "utf8")) as unknown;
  expect(line).toMatchObject({ node: 3, event: "peerLost", peer: 2, msg: "gone" });
  rmSync(dir, { recursive: true });
});

test.if(process.platform === "linux")(
  "log: on a disk without space it costs nobody anything",
  () => {
    const log = openLog("/dev/full", 3);
    for (let i = 0; i < 3; i++) log.error({ event: "fatal" }, "no space");
  },
);
