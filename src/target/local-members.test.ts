import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLEAR_LINK } from "../fault/vocabulary.ts";
import { changeMembers, members, transferLeadership } from "./local-members.ts";
import { LocalSupervisor } from "./local-supervisor.ts";

const TEST_MS = 120_000;
const root = mkdtempSync(join(tmpdir(), "ordeal-local-members-"));
afterAll(() => rmSync(root, { recursive: true }));

const NO_CHANGE = { add: 0, asLearners: false, remove: [], promote: [] };

test(
  "members: nodes that are added behind proxies take over from those that were there",
  async () => {
    const dir = join(root, "proxies");
    const options = { nodes: 1, storage: "disk", dir, faultyLinks: true, seed: 1 } as const;
    const supervisor = await LocalSupervisor.start(options);
    try {
      expect(await changeMembers(supervisor, { ...NO_CHANGE, add: 2 })).toEqual([2, 3]);
      expect(Object.keys(supervisor.config.links!["2"]!)).toEqual(["1", "3"]);
      // The new links obey: with node 3 cut off, the others go on.
      const cut = { ...CLEAR_LINK, cut: true };
      const links = [1, 2].flatMap((id) => [
        { from: id, to: 3, state: cut },
        { from: 3, to: id, state: cut },
      ]);
      await supervisor.setLinks(links);
      await transferLeadership(supervisor, 2);
      await supervisor.setLinks(links.map((link) => ({ ...link, state: CLEAR_LINK })));
      expect(await changeMembers(supervisor, { ...NO_CHANGE, remove: [1] })).toEqual([]);
      expect((await members(supervisor)).voters).toEqual([2, 3]);
      expect(supervisor.nodeIds).toEqual([2, 3]);
      expect(supervisor.config.links).toEqual({
        "2": { "3": expect.any(String) },
        "3": { "2": expect.any(String) },
      });
    } finally {
      await supervisor.stop();
    }
    expect(supervisor.failures).toEqual([]);
  },
  TEST_MS,
);

test(
  "members: what cannot be is refused, all of it at once, and nothing is started",
  async () => {
    const dir = join(root, "refused");
    const options = { nodes: 1, storage: "disk", dir, faultyLinks: false, seed: 1 } as const;
    const supervisor = await LocalSupervisor.start(options);
    try {
      const change = { ...NO_CHANGE, remove: [1, 7], promote: [1] };
      const said = await changeMembers(supervisor, change).catch((error: Error) => error.message);
      expect(said).toContain("node 7: is no member");
      expect(said).toContain("node 1: is no learner");
      const none = changeMembers(supervisor, { ...NO_CHANGE, remove: [1] });
      expect(await none.catch((error: Error) => error.message)).toContain("no voter left");
      expect(supervisor.nodeIds).toEqual([1]);
    } finally {
      await supervisor.stop();
    }
  },
  TEST_MS,
);
