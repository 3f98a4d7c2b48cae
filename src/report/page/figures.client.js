/* Figures as the page's script shows them; the same rules as format.ts. */
const sig = (n) =>
  n >= 100 ? Math.round(n).toLocaleString("en-US") : n >= 10 ? n.toFixed(1) : n.toFixed(2);

const duration = (us) => {
  if (us === null || us === undefined) return "–";
  if (us < 999.5) return `${Math.round(us)} µs`;
  if (us < 999500) return `${sig(us / 1e3)} ms`;
  return `${sig(us / 1e6)} s`;
};

/* For axes: as short as possible. */
const shortDuration = (us) =>
  us < 1e3
    ? `${+us.toPrecision(3)}µs`
    : us < 1e6
      ? `${+(us / 1e3).toPrecision(3)}ms`
      : `${+(us / 1e6).toPrecision(3)}s`;

const shortCount = (n) =>
  n >= 1e6
    ? `${+(n / 1e6).toPrecision(3)}M`
    : n >= 1e3
      ? `${+(n / 1e3).toPrecision(3)}k`
      : `${+n.toPrecision(3)}`;

const perSecond = (n) =>
  n === null || n === undefined
    ? "–"
    : `${n >= 100 || n === 0 ? Math.round(n).toLocaleString("en-US") : sig(n)}/s`;

/* x of the percentile chart back to words: 2 → 99 %. */
const quantile = (x) => {
  const percent = 100 * (1 - 10 ** -x);
  return `${+percent.toFixed(Math.min(6, Math.max(0, Math.ceil(x) - 1)))} %`;
};

const seconds = (s) => `${s.toFixed(2)} s`;
