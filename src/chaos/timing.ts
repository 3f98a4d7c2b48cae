/** Microseconds since the Unix epoch, as in histories and cluster events. */
export const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;

/** Never resolves; rejects with the reason when the signal aborts. */
export const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/**
 * Sleeps until an absolute time, so that the drift of timers does not add up. Rejects with the
 * signal's reason when it aborts.
 */
export function sleepUntil(us: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
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

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
