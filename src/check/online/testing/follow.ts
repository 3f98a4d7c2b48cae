import { OnlineChecker, type OnlineViolation } from "../online.ts";
import type { StoreEvent } from "./store.ts";

/** Feeds `events` to an online checker; the first violation, and the number of its event. */
export function follow(
  events: readonly StoreEvent[],
  slots: number,
): { readonly violation: OnlineViolation; readonly at: number } | null {
  const checker = new OnlineChecker({ slots });
  for (const [at, event] of events.entries()) {
    const violation = feed(checker, event);
    if (violation !== null) return { violation, at };
  }
  return null;
}

export function feed(checker: OnlineChecker, event: StoreEvent): OnlineViolation | null {
  if (event.kind === "invoke") {
    const { slot, process, op, key, value, expected } = event;
    checker.invoke(slot, process, op, key, value, expected);
    return null;
  }
  return checker.complete(event.slot, event.outcome, event.version, event.index, event.value);
}
