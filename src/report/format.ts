/** Figures as people read them: three significant digits, a unit, and "–" for what is not known. */

export const NOTHING = "–";

const isFigure = (n: number | null | undefined): n is number =>
  n !== null && n !== undefined && Number.isFinite(n);

/** Three significant digits, never an exponent: 1.23, 12.3, 123, 1,230. */
function significant(n: number): string {
  const size = Math.abs(n);
  if (size >= 100) return Math.round(n).toLocaleString("en-US");
  if (size >= 10) return n.toFixed(1);
  return n.toFixed(size === 0 ? 0 : 2);
}

/** 431907 → `431,907`. */
export const count = (n: number | null | undefined): string =>
  isFigure(n) ? Math.round(n).toLocaleString("en-US") : NOTHING;

/** Microseconds, with the unit that suits: `850 µs`, `1.23 ms`, `2.50 s`. */
export function duration(us: number | null | undefined): string {
  if (!isFigure(us)) return NOTHING;
  // The limits are those of rounding: 999.6 µs is shown as 1.00 ms, not as 1,000 µs.
  if (us < 999.5) return `${us < 10 ? significant(us) : Math.round(us)} µs`;
  if (us < 999_500) return `${significant(us / 1000)} ms`;
  if (us < 600_000_000) return `${significant(us / 1_000_000)} s`;
  return `${significant(us / 60_000_000)} min`;
}

export const durationMs = (ms: number | null | undefined): string =>
  duration(isFigure(ms) ? ms * 1000 : null);

/** Operations a second: `24,310/s`, `8.20/s`. */
export const rate = (perSecond: number | null | undefined): string =>
  isFigure(perSecond)
    ? `${perSecond >= 100 ? count(perSecond) : significant(perSecond)}/s`
    : NOTHING;

/** `15.6 GiB`. */
export const bytes = (n: number | null | undefined): string =>
  !isFigure(n)
    ? NOTHING
    : n >= 2 ** 30
      ? `${(n / 2 ** 30).toFixed(1)} GiB`
      : `${count(n / 2 ** 20)} MiB`;

/** Seconds since the start of a run, to the millisecond: `12.345 s`. */
export const clock = (us: number): string => `${(us / 1_000_000).toFixed(3)} s`;

/** `1 fault`, `3 faults`. */
export const plural = (n: number, noun: string): string =>
  `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** `2025-11-21T02:44:10.123Z` → `2025-11-21 02:44:10 UTC`; anything else as it is. */
export const moment = (iso: string): string =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(iso)
    ? `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
    : iso;
