/**
 * Polls `probe` until it gives something other than null, false or undefined, and returns that.
 * Rejects after `withinMs` with an error that says `what` was waited for.
 */
export async function until<T>(
  what: string,
  withinMs: number,
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  everyMs = 10,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await Bun.sleep(everyMs);
  }
}
