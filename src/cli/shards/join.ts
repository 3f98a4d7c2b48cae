import { applyChange, type ConfigChange } from "../../kv/config-changes.ts";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { askAdmin } from "../../target/local-admin.ts";
import { runningCluster } from "../cluster/record.ts";
import { type ChangeFlags, changeWith, withAdmin } from "./change.ts";

const HOSTED_WITHIN_MS = 10_000;

/**
 * Has the nodes host the group, which begins empty on them, and then lets it join. Nodes that host it already
 * are none the worse for being told again, so that a command that failed half-way can be repeated.
 */
export async function joinGroup(
  flags: ChangeFlags,
  group: { readonly id: number; readonly nodes: readonly number[] },
): Promise<void> {
  const { dir } = flags;
  const change: ConfigChange = { kind: "join", groups: [group] };
  await withAdmin({ dir }, async (admin) => {
    const config = await admin.query();
    // Nothing is begun on the nodes for a change that would be refused.
    if (config !== null && typeof applyChange(config, change) !== "string") {
      await hostGroup(dir!, group);
    }
    await changeWith(admin, { ...flags, nodes: undefined }, change);
  });
}

async function hostGroup(
  dir: string,
  { id, nodes }: { readonly id: number; readonly nodes: readonly number[] },
): Promise<void> {
  const all = runningCluster(dir).nodes;
  const unknown = nodes.filter((node) => !all.some((address) => address.id === node));
  if (unknown.length > 0) {
    const what = `there is no node ${unknown.join(", ")}`;
    const fix = `use some of ${all.map((node) => node.id).join(", ")}`;
    throw new UserError("bad option", [{ where: "--nodes", what, fix }]);
  }
  const problems = await Promise.all(
    nodes.map(async (node): Promise<readonly Problem[]> => {
      const address = all.find((each) => each.id === node)!;
      const reply = await askAdmin(address, "POST", "groups", { id, nodes }, HOSTED_WITHIN_MS);
      if (reply.outcome === "done") return [];
      const fix = "start the node, or put the group on others";
      return [{ where: `node ${node}`, what: reply.reason || "does not answer", fix }];
    }),
  );
  if (problems.flat().length > 0)
    throw new UserError(`group ${id} was not started`, problems.flat());
}
