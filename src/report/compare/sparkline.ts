const LEVELS = "▁▂▃▄▅▆▇█";
/** A range smaller than this share of the values is noise, and must not fill the picture. */
const RANGE_MIN = 0.1;

/** Lowest and highest value to draw: at least 10 % apart, so that noise does not look like a change. */
export function rangeOf(values: readonly number[]): readonly [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const middle = (low + high) / 2;
  const half = Math.max((high - low) / 2, (Math.abs(middle) * RANGE_MIN) / 2, Number.MIN_VALUE);
  return [middle - half, middle + half];
}

/** Values in order of time as one line of blocks; neighbours are averaged when there are more than `columns`. */
export function sparkline(values: readonly number[], columns: number): string {
  if (values.length === 0) return "";
  const width = Math.min(columns, values.length);
  const means = Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width);
    const part = values.slice(from, Math.floor(((i + 1) * values.length) / width));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [low, high] = rangeOf(means);
  const level = (mean: number): number => Math.floor(((mean - low) / (high - low)) * LEVELS.length);
  return means.map((mean) => LEVELS[Math.min(LEVELS.length - 1, level(mean))]!).join("");
}
