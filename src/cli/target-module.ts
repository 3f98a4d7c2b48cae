import type { Target } from "../target/target.ts";

const SHAPE =
  "write: export const target: Target = { name, version, can, start }, see docs/targets.md";

/** Whether a `--target` names a module, and not a system that Ordeal knows. */
export const isModulePath = (name: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(name);

/**
 * The target that the module at an absolute path exports as `target`, or by default. `problem` makes the
 * error that is thrown when there is none, of what is wrong and how to mend it.
 */
export async function importTarget(
  path: string,
  problem: (what: string, fix: string) => Error,
): Promise<Target> {
  let module: { readonly target?: Partial<Target>; readonly default?: Partial<Target> };
  try {
    module = (await import(path)) as typeof module;
  } catch (error) {
    throw problem(`cannot be loaded: ${(error as Error).message}`, SHAPE);
  }
  const target = module.target ?? module.default;
  if (typeof target?.start !== "function" || target.name === undefined) {
    throw problem("exports no target", SHAPE);
  }
  return { version: "unknown", ...target } as Target;
}
