/* Options of the charts. Colours are read when drawing, so that a change of scheme needs a redraw only. */
const GUTTER = 56;
const RIGHT = 12;
const ROW = 15;
const FONT = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const axis = (extra) => ({
  stroke: () => colour("muted"),
  font: FONT,
  grid: { stroke: () => colour("grid"), width: 1 },
  ticks: { show: false },
  gap: 6,
  ...extra,
});

const xAxis = (extra) => axis({ size: 24, gap: 4, space: 56, ...extra });
const yAxis = (extra) => axis({ size: GUTTER, ...extra });

const line = (name, key, extra) => ({
  label: name,
  stroke: () => colour(key),
  width: 1.5,
  points: { show: false },
  ...extra,
});

/* A dot for values that have no neighbour to draw a line to. */
const lonePoints = {
  show: true,
  size: 4,
  filter: (u, i) => {
    const y = u.data[i];
    const lone = [];
    for (let k = 0; k < y.length; k++)
      if (y[k] != null && y[k - 1] == null && y[k + 1] == null) lone.push(k);
    return lone;
  },
};

/* A band's label in so many pixels: whole, cut short, or its number alone. */
const fitted = (ctx, { number, label }, room) => {
  const fits = (text) => ctx.measureText(text).width <= room;
  if (fits(`${number} ${label}`)) return `${number} ${label}`;
  for (let length = label.length - 1; length >= 6; length--) {
    const text = `${number} ${label.slice(0, length).trimEnd()}…`;
    if (fits(text)) return text;
  }
  return fits(`${number}`) ? `${number}` : "";
};

/* Shaded fault bands behind the series, their labels above the plot. */
const faultBands = (bands) => (u) => {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const dpr = devicePixelRatio;
  const rows = Math.max(0, ...bands.map((band) => band.row + 1));
  const clip = (x) => Math.min(left + width, Math.max(left, x));
  ctx.save();
  ctx.font = FONT.replace("11px", `${11 * dpr}px`);
  ctx.textBaseline = "alphabetic";
  bands.forEach((band, i) => {
    const x1 = clip(u.valToPos(band.fromS, "x", true));
    const x2 = clip(u.valToPos(band.toS, "x", true));
    if (x2 <= x1) return;
    const w = Math.max(x2 - x1, dpr);
    const y = top - (rows - band.row - 1) * ROW * dpr;
    ctx.fillStyle = colour(`${band.family}-shade`);
    ctx.fillRect(x1, y, w, top + height - y);
    ctx.fillStyle = colour(band.family);
    ctx.fillRect(x1, y - 2 * dpr, w, 2 * dpr);
    const next = bands.find((other, k) => k > i && other.row === band.row);
    const room =
      (next ? clip(u.valToPos(next.fromS, "x", true)) : left + width + RIGHT * dpr) - x1 - 4 * dpr;
    const text = fitted(ctx, band, room);
    if (text) ctx.fillText(text, x1, y - 5 * dpr);
  });
  ctx.restore();
};

/* Rates can be too small to see in a stack: each interval with a fail or an info has a mark on the base line. */
const outcomeMarks = (time) => (u) => {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const dpr = devicePixelRatio;
  const step = Math.max(
    2 * dpr,
    Math.abs(u.valToPos(time.x[1] ?? 1, "x", true) - u.valToPos(time.x[0], "x", true)),
  );
  for (const [name, lift] of [
    ["fail", 0],
    ["info", 4],
  ]) {
    ctx.fillStyle = colour(name);
    time[name].forEach((n, i) => {
      if (n === 0) return;
      const x = u.valToPos(time.x[i], "x", true);
      if (x >= left && x <= left + width)
        ctx.fillRect(x - step / 2, top + height - (3 + lift) * dpr, step, 3 * dpr);
    });
  }
};

const timeOptions = (time, hooks) => ({
  cursor: {
    sync: { key: "time", setSeries: false },
    y: false,
    points: { size: 6 },
    drag: { x: true, y: false },
  },
  legend: { show: false },
  padding: [Math.max(1, ...time.bands.map((band) => band.row + 1)) * ROW + 6, RIGHT, 0, 0],
  hooks: { drawClear: [faultBands(time.bands)], ...hooks },
});

/* Zoomed out, the axis covers whole intervals and not only their middles. */
const timeScale = (time) => ({
  time: false,
  range: (u, min, max) =>
    min == null || (min <= time.x[0] && max >= time.x.at(-1)) ? [0, time.endS] : [min, max],
});

const ratesChart = (time, hooks) => {
  const top = time.ok.map((ok, i) => ok + time.fail[i] + time.info[i]);
  const middle = time.ok.map((ok, i) => ok + time.fail[i]);
  const area = (name) => line(name, name, { width: 0 });
  return {
    data: [time.x, top, middle, time.ok],
    options: {
      ...timeOptions(time, { ...hooks, draw: [outcomeMarks(time)] }),
      scales: { x: timeScale(time), y: { range: (u, min, max) => [0, Math.max(1, max * 1.06)] } },
      axes: [
        xAxis({ values: (u, ticks) => ticks.map((s) => `${s}s`) }),
        yAxis({ values: (u, ticks) => ticks.map(shortCount) }),
      ],
      series: [
        {},
        area("info"),
        area("fail"),
        line("ok", "ok", { width: 1.25, fill: () => colour("ok-fill") }),
      ],
      bands: [
        { series: [1, 2], fill: () => colour("info-fill") },
        { series: [2, 3], fill: () => colour("fail-fill") },
      ],
    },
    values: (i) => ({
      when: seconds(time.x[i]),
      ok: perSecond(time.ok[i]),
      fail: perSecond(time.fail[i]),
      info: perSecond(time.info[i]),
    }),
  };
};

const logScale = {
  distr: 3,
  log: 10,
  range: (u, min, max) => (min == null ? [100, 10000] : uPlot.rangeLog(min, max, 10, true)),
};
const latencyAxis = () =>
  yAxis({ values: (u, ticks) => ticks.map((us) => (us == null ? "" : shortDuration(us))) });

const latencyChart = (time, hooks) => ({
  data: [time.x, time.p50, time.p99],
  options: {
    ...timeOptions(time, hooks),
    scales: { x: timeScale(time), y: logScale },
    axes: [xAxis({ values: (u, ticks) => ticks.map((s) => `${s}s`) }), latencyAxis()],
    series: [
      {},
      line("p50", "p50", { points: lonePoints }),
      line("p99", "p99", { points: lonePoints }),
    ],
  },
  values: (i) => ({
    when: seconds(time.x[i]),
    p50: duration(time.p50[i]),
    p99: duration(time.p99[i]),
  }),
});

/* Where fewer than 10 operations lie beyond, a percentile says little: shaded. */
const thinTail = (curve) => (u) => {
  if (curve.solidTo === null) return;
  const { left, top, width, height } = u.bbox;
  const x = Math.max(left, u.valToPos(curve.solidTo, "x", true));
  if (x >= left + width) return;
  u.ctx.fillStyle = colour("thin");
  u.ctx.fillRect(x, top, left + width - x, height);
};

const curveChart = (curve, hooks) => ({
  data: [curve.x, ...curve.series.map((series) => series.us)],
  options: {
    cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false } },
    legend: { show: false },
    padding: [10, 28, 0, 0],
    hooks: { drawClear: [thinTail(curve)], ...hooks },
    scales: { x: { time: false }, y: logScale },
    axes: [
      xAxis({
        splits: (u, i, min, max) =>
          [0, ...(u.width > 560 ? [Math.log10(2)] : []), 1, 2, 3, 4, 5, 6].filter(
            (x) => x >= min && x <= max,
          ),
        values: (u, ticks) => ticks.map((x) => quantile(x).replace(" ", "")),
      }),
      latencyAxis(),
    ],
    series: [
      {},
      ...curve.series.map((series, i) =>
        line(series.name, `curve-${i % 8}`, { width: 1.75, pxAlign: 0, spanGaps: true }),
      ),
    ],
  },
  values: (i) => ({
    when: quantile(curve.x[i]),
    ...Object.fromEntries(curve.series.map((series, k) => [`curve-${k}`, duration(series.us[i])])),
  }),
});
