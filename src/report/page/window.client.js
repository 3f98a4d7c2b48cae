/* Zooms and moves the windows on a history: everything in one is placed by --x0 and --x1. */
const clampTo = (low, value, high) => Math.min(Math.max(value, low), high);

/* 1, 2 or 5 times a power of ten, so that about `count` of them span `range`. */
const niceStep = (range, count) => {
  const raw = range / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((n) => n * power >= raw);
};

/* How many of what a tick is labelled in make one of its own. */
const unitOf = (unit, furthest) => {
  if (unit === "event") return [1, ""];
  if (furthest < 1e-3) return [1e6, " µs"];
  return furthest < 1 ? [1e3, " ms"] : [1, " s"];
};

const drawTicks = (axis, unit, x0, x1) => {
  const width = axis.clientWidth;
  const step = Math.max(niceStep(x1 - x0, Math.max(3, width / 110)), unit === "event" ? 1 : 1e-6);
  const [per, name] = unitOf(unit, Math.max(Math.abs(x0), Math.abs(x1)));
  const digits = Math.max(0, -Math.floor(Math.log10(step * per) + 1e-9));
  const ticks = [];
  for (let i = Math.ceil(x0 / step); i * step <= x1 && ticks.length < 20; i++) {
    const tick = document.createElement("span");
    tick.style.setProperty("--at", i * step);
    tick.textContent = (i * step * per).toFixed(digits) + name;
    ticks.push(tick);
  }
  axis.replaceChildren(...ticks);
};

const setUpWindow = (figure) => {
  const { unit } = figure.dataset;
  const number = (name) => Number(figure.dataset[name]);
  const all = { from: number("from"), to: number("to") };
  const plot = figure.querySelector(".plot");
  const axis = figure.querySelector(".axis");
  const output = figure.querySelector("output");
  const ops = [...figure.querySelectorAll("i.op:not(.swatch)")].sort(
    (a, b) => startOf(a) - startOf(b),
  );
  const whole = all.to - all.from;
  const least = Math.min(whole, unit === "event" ? 4 : 20e-6);
  let x0 = all.from;
  let x1 = all.to;

  const button = (name) => figure.querySelector(`[data-do="${name}"]`);
  const show = (from, to) => {
    const span = clampTo(least, to - from, whole);
    const middle = (from + to) / 2;
    x0 = clampTo(all.from, middle - span / 2, all.to - span);
    x1 = x0 + span;
    figure.style.setProperty("--x0", x0);
    figure.style.setProperty("--x1", x1);
    const isWhole = span > whole * 0.9999;
    for (const name of ["out", "earlier", "later", "all"]) button(name).disabled = isWhole;
    button("in").disabled = span <= least * 1.0001;
    drawTicks(axis, unit, x0, x1);
  };
  const zoom = (factor, at = (x0 + x1) / 2) =>
    show(at - (at - x0) * factor, at + (x1 - at) * factor);
  const move = (share) => show(x0 + (x1 - x0) * share, x1 + (x1 - x0) * share);
  const actions = {
    in: () => zoom(0.5),
    out: () => zoom(2),
    earlier: () => move(-0.4),
    later: () => move(0.4),
    core: () => show(number("coreFrom"), number("coreTo")),
    all: () => show(all.from, all.to),
  };
  for (const name of Object.keys(actions)) button(name).addEventListener("click", actions[name]);

  const timeAt = (clientX) => {
    const { left, width } = axis.getBoundingClientRect();
    return x0 + ((clientX - left) / width) * (x1 - x0);
  };
  plot.addEventListener(
    "wheel",
    (event) => {
      /* A page that is only scrolled past must not stop here. */
      if (!event.ctrlKey && !event.metaKey && !plot.matches(":focus-within")) return;
      event.preventDefault();
      const pixels = event.deltaMode === 0 ? 1 : 30;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        move(((event.deltaX || event.deltaY) * pixels) / 1000);
      else zoom(1.0015 ** (event.deltaY * pixels), timeAt(event.clientX));
    },
    { passive: false },
  );

  let drag = null;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.offsetX < plot.clientWidth)
      drag = { at: event.clientX, x0, x1 };
  });
  plot.addEventListener("pointermove", (event) => {
    if (drag === null || Math.abs(event.clientX - drag.at) < 3) return;
    plot.setPointerCapture(event.pointerId);
    plot.classList.add("dragging");
    const by = ((drag.at - event.clientX) / axis.clientWidth) * (drag.x1 - drag.x0);
    show(drag.x0 + by, drag.x1 + by);
  });
  const drop = () => {
    drag = null;
    plot.classList.remove("dragging");
  };
  for (const name of ["pointerup", "pointercancel"]) plot.addEventListener(name, drop);

  const read = (event) => {
    const op = event.target.closest("i.op");
    if (op !== null) output.textContent = op.getAttribute("aria-label");
  };
  plot.addEventListener("pointerover", read);
  plot.addEventListener("focusin", read);

  const step = (by) => {
    const from = ops.indexOf(document.activeElement);
    const first = ops.findIndex((op) => op.classList.contains("core"));
    const op = ops[from < 0 ? Math.max(0, first) : clampTo(0, from + by, ops.length - 1)];
    if (op === undefined) return;
    const at = startOf(op);
    if (at < x0 || at > x1) show(at - (x1 - x0) / 2, at + (x1 - x0) / 2);
    op.focus({ preventScroll: true });
    op.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const keys = {
    ArrowLeft: actions.earlier,
    ArrowRight: actions.later,
    ArrowUp: () => step(-1),
    ArrowDown: () => step(1),
    "+": actions.in,
    "=": actions.in,
    "-": actions.out,
    0: actions.all,
    c: actions.core,
  };
  plot.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  new ResizeObserver(() => drawTicks(axis, unit, x0, x1)).observe(axis);
  actions.core();
};

const startOf = (op) => Number(op.style.getPropertyValue("--from"));

for (const figure of document.querySelectorAll(".window")) setUpWindow(figure);
