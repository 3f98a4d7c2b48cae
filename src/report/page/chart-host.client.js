/* Puts the charts on the page and keeps cursor, zoom, size and colours in step. */
const data = JSON.parse(document.getElementById("chart-data").textContent);
const charts = [];

const showValues = (host, make, index) => {
  const values = index == null ? {} : make.values(index);
  for (const output of host.closest("figure").querySelectorAll("[data-value]"))
    output.textContent = values[output.dataset.value] ?? "";
  if (index == null) return;
  host.setAttribute("aria-valuenow", String(index));
  host.setAttribute(
    "aria-valuetext",
    Object.entries(values)
      .map(([name, value]) => (name === "when" ? value : `${name} ${value}`))
      .join(", "),
  );
};

/* `hooks`: what else of the page follows the cursor (setCursor) and the zoom (setScale). */
const addChart = (id, build, source, hooks = {}) => {
  const host = document.querySelector(`[data-chart="${id}"]`);
  if (!host || !source) return;
  const make = build(source, {
    ...hooks,
    setCursor: [(u) => showValues(host, make, u.cursor.idx), ...(hooks.setCursor ?? [])],
  });
  const size = () => ({ width: Math.max(200, host.clientWidth), height: host.clientHeight });
  const chart = new uPlot({ ...make.options, ...size() }, make.data, host);
  host.setAttribute("aria-valuemax", String(make.data[0].length - 1));
  new ResizeObserver(() => chart.setSize(size())).observe(host);
  host.addEventListener("keydown", (event) => moveCursor(chart, make.data[0], event));
  charts.push(chart);
};

const STEPS = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -Infinity,
  End: Infinity,
};

const moveCursor = (chart, x, event) => {
  const step = STEPS[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const from = chart.cursor.idx ?? (step > 0 ? -1 : x.length);
  const to = Math.min(x.length - 1, Math.max(0, from + step));
  chart.setCursor({ left: chart.valToPos(x[to], "x"), top: 10 }, true, true); // Also in step: the other chart.
};

const redraw = () => charts.forEach((chart) => chart.redraw(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
