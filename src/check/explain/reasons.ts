import { type History, OP_CAS } from "../../history/op.ts";
import { OP_APPEND } from "../../kv/command.ts";
import { valueName } from "../describe.ts";
import type { Forced } from "../path.ts";
import { isRead, wrote } from "../words.ts";
import { versionAfter } from "./facts.ts";

/** Why one operation precedes another, in words that stand beside an arrow between them. */
export function reasonText(h: History, { before, after, why, nowhereElse }: Forced): string {
  if (why === "realTime") return "returned before it was called";
  if (nowhereElse) return "does not fit after it";
  const isSame = h.value[before] === h.value[after] && h.value[before]! >= 0;
  if (wrote(h, before) && isRead(h, after) && isSame) return "read what it wrote";
  if (h.op[after] === OP_CAS && h.expectedValue?.[after] === h.value[before]) {
    return `replaced what it ${isRead(h, before) ? "read" : "wrote"}`;
  }
  const [old, young] = [versionAfter(h, before), versionAfter(h, after)];
  if (old >= 0 && young >= 0) {
    return old === young ? "saw the version it made" : `version ${old} comes before ${young}`;
  }
  if (isRead(h, before) && h.value[before]! < 0) return "found nothing there yet";
  if (h.op[after] === OP_APPEND && isRead(h, before)) return "did not find it appended yet";
  return `${valueName(h, before)} came before ${valueName(h, after)}`;
}
