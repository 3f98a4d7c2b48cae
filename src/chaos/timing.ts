import { Interrupted } from "./run.ts";

/** Microseconds since the Unix epoch, as in histories and cluster events. */
export const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;

export const throwIfAborted = (signal: AbortSignal): void => {
  if (signal.aborted) throw new Interrupted("interrupted");
};

/** Never resolves. */
export const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Interrupted("interrupted")), { once: true });
  });

/**
 * Sleeps until an absolute time, so that the drift of timers does not add up. Rejects with
 * Interrupted when the signal aborts.
 */
export function sleepUntil(us: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Interrupted("interrupted"));
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new Interrupted("interrupted"));
    };
    const done = (): void => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, Math.ceil((us - nowUs()) / 1000)));
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Rejects when `work` takes longer than `ms`; `work` itself goes on. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
