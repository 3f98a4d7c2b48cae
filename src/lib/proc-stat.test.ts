import { expect, test } from "bun:test";
import { parseProcStat } from "./proc-stat.ts";

test("parseProcStat: a name with blanks and brackets hides nothing", () => {
  const text = "4711 (a ) Z (b) c) S 12 4711 4700 0 -1 4194560 0 0 0 0 25 4 0";
  expect(parseProcStat(text)).toEqual({ state: "S", parent: 12, session: 4_700, cpuMs: 290 });
});
