import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../../package.json";
import type { LoadCase } from "../../bench/dsl.ts";
import type { ArmName } from "../../bench/gate/plan.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Report } from "../../report/schema.ts";
import { localTargetAt } from "../../target/local.ts";
import type { Target } from "../../target/target.ts";
import { FRAME_VERSION } from "../../wire/frame.ts";
import { importTarget } from "../target-module.ts";
import type { Checkout } from "./checkouts.ts";

/** One side of a gate: a system, and where it comes from. */
export type Arm = {
  readonly label: string;
  readonly code: Report["code"];
  readonly target: Target;
};

export type Arms = Readonly<Record<ArmName, Arm>>;

/**
 * The nodes of a checkout as an arm: Ordeal's own, or the target that its module at `targetFile`
 * exports. Generator, checker and statistics are this program's for both arms. Throws UserError when
 * there are no nodes that this program can start and speak to.
 */
export async function armOf(checkout: Checkout, targetFile: string | undefined): Promise<Arm> {
  const { label, code } = checkout;
  const target =
    targetFile === undefined ? ownTarget(checkout) : await targetOf(checkout, targetFile);
  return { label, code, target };
}

function ownTarget({ arm, label, root }: Checkout): Target {
  const problem = (what: string, fix: string): UserError =>
    new UserError(`the gate cannot run ${label}`, [{ where: `--${arm}`, what, fix }]);
  if (!existsSync(join(root, "src", "cli", "node-child.ts"))) {
    throw problem(
      "it has no nodes that this program starts: src/cli/node-child.ts is missing",
      "choose a later revision of Ordeal; of another system, give --target FILE, a module that exports a Target",
    );
  }
  const wire = wireVersion(root);
  if (wire !== FRAME_VERSION) {
    throw problem(
      `its nodes speak wire version ${wire ?? "unknown"}, this program ${FRAME_VERSION}`,
      "run the gate of a revision that speaks what both arms speak",
    );
  }
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version?: string };
  return { ...localTargetAt(root), version: own.version ?? version };
}

function wireVersion(root: string): number | null {
  const path = join(root, "src", "wire", "frame.ts");
  if (!existsSync(path)) return null;
  const found = /\bFRAME_VERSION = (\d+);/.exec(readFileSync(path, "utf8"));
  return found === null ? null : Number(found[1]);
}

/** The module is that of the checkout, and so is whatever it imports from there. */
async function targetOf({ arm, label, root }: Checkout, file: string): Promise<Target> {
  const path = join(root, file);
  const problem = (what: string, fix: string): UserError =>
    new UserError(`the gate cannot run ${label}`, [{ where: `--target ${file}`, what, fix }]);
  if (!existsSync(path)) {
    const fix = "give a path from the root of the repository, of a file that both revisions have";
    throw problem(`the ${arm} has no such file`, fix);
  }
  return importTarget(path, problem);
}

/** Durability and client of an arm, in a sentence. */
export function aboutArm({ target }: Arm, cases: readonly LoadCase[]): string {
  const storages = [...new Set(cases.map(({ cluster }) => storageText(cluster)))].join(" and ");
  return `${target.name} ${target.version}, nodes ${storages}; client and checker of this program`;
}

const storageText = ({ storage, fsync }: LoadCase["cluster"]): string =>
  storage === "memory" ? "in memory" : `on disk, fsync ${fsync ?? "batch"}`;
