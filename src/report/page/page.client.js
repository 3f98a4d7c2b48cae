/* The charts of a run's report. */
const timeline = document.querySelector(".timeline");

/* The lanes are plain HTML placed by --x0 and --x1: they follow a zoom and the cursor without a chart. */
const followZoom = (u) => {
  timeline.style.setProperty("--x0", u.scales.x.min);
  timeline.style.setProperty("--x1", u.scales.x.max);
};
const followCursor = (u) => {
  const inside = u.cursor.left >= 0;
  timeline.classList.toggle("pointing", inside);
  if (inside) timeline.style.setProperty("--cursor", u.posToVal(u.cursor.left, "x"));
};

const onTime = {
  setCursor: [followCursor],
  setScale: [(u, key) => key === "x" && followZoom(u)],
};
addChart("rates", ratesChart, data.time, onTime);
addChart("latency", latencyChart, data.time, onTime);
addChart("curve", curveChart, data.curve);
