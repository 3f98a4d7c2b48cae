/**
 * Resolves with the number of nodes connected, of `nodes`: as soon as that is all of them, after
 * `graceMs` if it is a majority, after `withinMs` in any case. `onProgress` is given what to call
 * whenever `count` may have grown.
 */
export async function connectedNodes(
  nodes: number,
  count: () => number,
  onProgress: (check: () => void) => void,
  graceMs: number,
  withinMs: number,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let least = nodes;
  const check = (): void => {
    if (count() >= least) resolve();
  };
  onProgress(check);
  const grace = setTimeout(() => {
    least = Math.floor(nodes / 2) + 1;
    check();
  }, graceMs);
  const limit = setTimeout(resolve, withinMs);
  check();
  await promise;
  clearTimeout(grace);
  clearTimeout(limit);
  onProgress(() => {});
  return count();
}
