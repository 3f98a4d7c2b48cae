import { evidence } from "../../check/describe.ts";
import { type Judged, outcomesOf } from "./judged.ts";
import { commandOf } from "./options.ts";

/**
 * The document of `ordeal check --json`. Arrows of a counterexample count the operations of its core
 * from 0; `prefix` of an unknown verdict holds rows of the history, from 0 in order of invocation.
 */
export function asJson(judged: Judged): unknown {
  const { flags, read, result, lostAcks } = judged;
  const { kind: verdict, ...rest } = result;
  const { history, format, passedOver, cutBytes } = read;
  return {
    ...{ file: flags.file, format, verdict, ...rest, outcomes: outcomesOf(history) },
    ...{ passedOver, cutBytes },
    ms: Math.round(judged.readMs + judged.checkMs),
    readMs: Math.round(judged.readMs),
    ...(result.kind === "fail"
      ? {
          core: evidence(history, result.core),
          arrows: result.arrows
            .map(({ before, after, why }) => ({
              before: result.core.indexOf(before),
              after: result.core.indexOf(after),
              why,
            }))
            .filter(({ before, after }) => before >= 0 && after >= 0),
        }
      : {}),
    ...(lostAcks === null
      ? {}
      : {
          acknowledgedWrites: lostAcks.acknowledged,
          lostAcks: lostAcks.lost.map((rows) => evidence(history, rows)),
          keysNotReadAtTheEnd: lostAcks.unread.length,
        }),
    repeat: commandOf(flags),
  };
}
