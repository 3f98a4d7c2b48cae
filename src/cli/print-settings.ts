import type { NodeSettings } from "../runtime/node-settings.ts";
import { table } from "./table.ts";

/** Prints each setting of a node, and where it comes from. */
export function printSettings({ effective }: NodeSettings, json: boolean): void {
  if (json) return console.log(JSON.stringify({ settings: effective }));
  const rows = effective.map(({ key, value, from }) => {
    return [key, typeof value === "string" ? value : JSON.stringify(value), from];
  });
  console.log(table(["setting", "value", "from"], rows));
}
