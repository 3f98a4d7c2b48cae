/**
 * P values adjusted by Holm (1979): reject those that are at most α, and the chance of any wrong
 * rejection among all is at most α. In the order given.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!);
  const adjusted: number[] = Array.from(ps, () => 1);
  let atLeast = 0;
  for (const [rank, i] of order.entries()) {
    atLeast = Math.max(atLeast, Math.min(1, (ps.length - rank) * ps[i]!));
    adjusted[i] = atLeast;
  }
  return adjusted;
}
