import { UserError } from "../../lib/user-error.ts";
import { control, tell } from "./control.ts";

const EXIT_FAILED = 70;

/** Prints how far it came. Exits with 70 when the restart stops on its way. */
export async function runRestart({
  dir,
  nodes,
  json,
  rolling,
}: {
  readonly dir: string;
  readonly nodes: string | undefined;
  readonly json: boolean;
  readonly rolling: boolean;
}): Promise<void> {
  if (!rolling) {
    const fix = `stop and start it: ordeal cluster stop --dir ${dir}; or say --rolling`;
    const what = "all nodes at once would be an outage";
    throw new UserError("cannot restart the cluster", [{ where: "--rolling", what, fix }]);
  }
  const ids = nodes === undefined ? [] : parseIds(nodes);
  try {
    await control(dir, { kind: "restart", nodes: ids });
  } catch (error) {
    if (error instanceof UserError) throw error;
    console.error((error as Error).message);
    process.exitCode = EXIT_FAILED;
    return;
  }
  tell(`restarted ${ids.length === 0 ? "all nodes" : `nodes ${ids.join(", ")}`}`, [], json);
}

function parseIds(text: string): readonly number[] {
  const ids = text.split(",").map(Number);
  if (ids.every((id) => Number.isInteger(id) && id >= 1)) return ids;
  const fix = "give ids, as in --nodes 3,4,5";
  throw new UserError("bad option", [
    { where: "--nodes", what: `"${text}" is no list of ids`, fix },
  ]);
}
