/**
 * The shortest input that is found by leaving parts of `input` out, halves first and single bytes last, for
 * which `holds` still does. Tries at most `triesMax` inputs.
 */
export async function minimise(
  input: Uint8Array,
  holds: (shorter: Uint8Array) => Promise<boolean>,
  triesMax: number,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.length;) {
      if (tries++ >= triesMax) return best;
      const shorter = new Uint8Array(Math.max(0, best.length - size));
      shorter.set(best.subarray(0, Math.min(at, shorter.length)));
      if (at + size < best.length) shorter.set(best.subarray(at + size), at);
      if (await holds(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
