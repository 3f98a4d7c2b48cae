import { afterAll, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN_ROOT } from "../runtime/self.ts";
import { WIRE_VERSIONS, type WireVersions } from "../wire/versions.ts";
import { askReport } from "./local-admin.ts";
import { members } from "./local-members.ts";
import { restartRolling } from "./local-rolling.ts";
import { LocalSupervisor } from "./local-supervisor.ts";
import { until } from "./until.ts";

const TEST_MS = 180_000;
const ASK_WITHIN_MS = 2_000;
const WITHIN_MS = 60_000;
const root = mkdtempSync(join(tmpdir(), "ordeal-upgrade-"));
let supervisor: LocalSupervisor | null = null;
afterAll(async () => {
  await supervisor?.stop();
  rmSync(root, { recursive: true });
});

/** The program that is installed: a link to one of the builds. */
const installed = join(root, "installed");

/** Our sources, but that this build speaks other versions of the peer protocol. */
function build(name: string, { lowest, highest }: WireVersions): string {
  const to = join(root, name);
  mkdirSync(to);
  symlinkSync(join(OWN_ROOT, "node_modules"), join(to, "node_modules"));
  for (const file of ["package.json", "tsconfig.json"])
    cpSync(join(OWN_ROOT, file), join(to, file));
  cpSync(join(OWN_ROOT, "src"), join(to, "src"), {
    recursive: true,
    filter: (path) => !/\.test\.ts$|\/(testdata|corpus)$/.test(path),
  });
  const file = join(to, "src/wire/versions.ts");
  const own = /(WIRE_VERSIONS: WireVersions = )\{[^}]*\}/;
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(own);
  writeFileSync(file, text.replace(own, `$1{ lowest: ${lowest}, highest: ${highest} }`));
  return to;
}

function install(from: string): void {
  rmSync(installed, { force: true });
  symlinkSync(from, installed);
}

test(
  "upgrade: two builds in one cluster of real processes agree on the older one's version until all are new; one that has none in common is stopped at",
  async () => {
    const { highest: old } = WIRE_VERSIONS;
    const [next, tooNew] = [old + 1, old + 2];
    install(build("old", { lowest: old, highest: old }));
    const nodes = await LocalSupervisor.start({
      ...{ nodes: 3, storage: "disk", dir: join(root, "c"), faultyLinks: false, seed: 1 },
      root: installed,
    });
    supervisor = nodes;
    const wire = async (): Promise<(WireVersions & { readonly cluster: number })[]> => {
      const said = nodes.config.nodes.map((node) => askReport(node, ASK_WITHIN_MS));
      return (await Promise.all(said)).flatMap((one) => (one === null ? [] : [one.wire]));
    };
    const write = async (key: string): Promise<void> => {
      const { leader } = await members(nodes);
      const { host, httpPort } = nodes.config.nodes.find(({ id }) => id === leader)!;
      const put = await fetch(`http://${host}:${httpPort}/kv/${key}`, { method: "PUT", body: key });
      expect(put.status).toBe(200);
    };
    await write("before");
    const { leader } = await members(nodes);
    const [first, second] = [1, 2, 3].filter((id) => id !== leader) as [number, number];
    const pids = [second, leader].map((id) => nodes.nodes.pid(id));

    // A build that left out a version: the first node that it is given is the last.
    install(build("too-new", { lowest: tooNew, highest: tooNew }));
    const said = await restartRolling(nodes, [first, second, leader]).catch(
      (error: Error) => error.message,
    );
    expect(said).toContain(`the rolling restart stopped at node ${first}: node `);
    expect(said).toContain(`speaks version`);
    expect(said).toContain("run builds that have one in common");
    expect([second, leader].map((id) => nodes.nodes.pid(id))).toEqual(pids);
    await write("meanwhile");

    // The right one: it speaks the old version too.
    install(build("new", { lowest: old, highest: next }));
    await nodes.nodes.end([first]);
    await nodes.nodes.restart([first]);
    await until("the three speak", WITHIN_MS, async () => {
      const report = await askReport(
        nodes.config.nodes.find(({ id }) => id === first)!,
        ASK_WITHIN_MS,
      );
      return report?.peers.every(({ wireVersion }) => wireVersion === old) === true;
    });
    const [mixed] = (await wire()).filter(({ highest }) => highest === next);
    expect(mixed).toEqual({ lowest: old, highest: next, cluster: old });
    await write("mixed");
    await restartRolling(nodes, [second, leader]);
    await until("all know that all speak the next version", WITHIN_MS, async () => {
      const all = await wire();
      return all.length === 3 && all.every(({ cluster }) => cluster === next);
    });
    await write("after");
  },
  TEST_MS,
);
