import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { NodeConfigFile } from "./config.ts";
import { diskPort } from "./disk.ts";
import { claimIdentity } from "./identity.ts";
import { tempDir } from "./testing/cluster.ts";

const config = (changes: Partial<NodeConfigFile> = {}): NodeConfigFile => ({
  clusterId: "test",
  nodes: [],
  dataDir: "/nowhere",
  storage: "disk",
  voters: [1, 2, 3],
  ...changes,
});

test("identity: a node begins once; later an empty directory means that its data are gone", () => {
  const temp = tempDir();
  try {
    const claim = (dir: string, id: number, bootstrapped: boolean, isJoining = false): boolean =>
      claimIdentity(diskPort(), join(temp.path, dir), config({ bootstrapped }), id, isJoining);
    expect(claim("node-1", 1, false)).toBe(true);
    expect(claim("node-1", 1, true)).toBe(true);
    // Wiped, and it stays so however often it starts.
    expect([claim("node-2", 2, true), claim("node-2", 2, true)]).toEqual([false, false]);
    expect(existsSync(join(temp.path, "node-2", "identity.json"))).toBe(false);
    // A new node begins by joining, and is then like any other.
    expect([claim("node-4", 4, true, true), claim("node-4", 4, true)]).toEqual([true, true]);
    expect(() => claim("node-3", 3, true, true)).toThrow(UserError);
    expect(() => claim("node-1", 2, true)).toThrow("it belongs to node 1");
  } finally {
    temp.remove();
  }
});
