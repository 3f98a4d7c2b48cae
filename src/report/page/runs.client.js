/* Filters and sorts the rows that are on the page. What is chosen stands in the address (#…), so that
   going back from a report finds the list as it was left. */
const table = document.getElementById("runs");
const body = table?.tBodies[0];
const rows = body ? [...body.rows] : [];
const text = document.getElementById("text");
const form = text.form;
const shown = document.getElementById("shown");
const heads = table ? [...table.tHead.rows[0].cells] : [];

const filter = () => {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdict = form.elements.verdict.value;
  let many = 0;
  for (const row of rows) {
    const content = row.textContent.toLowerCase();
    const matches =
      (verdict === "" || row.dataset.verdict === verdict) &&
      words.every((word) => content.includes(word));
    row.hidden = !matches;
    if (matches) many++;
  }
  if (rows.length > 0)
    shown.textContent = many === rows.length ? `${many} runs` : `${many} of ${rows.length} runs`;
};

const compare = (a, b) => {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? (a < b ? -1 : a > b ? 1 : 0) : x - y;
};

const sortBy = (column, direction) => {
  const sign = direction === "descending" ? -1 : 1;
  const key = (row) => row.cells[column].dataset.key;
  rows.sort((a, b) => {
    // What is not known is at the end, whichever way the others go.
    if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
    return sign * compare(key(a), key(b));
  });
  body.append(...rows);
  for (const [i, head] of heads.entries()) {
    if (i === column) head.setAttribute("aria-sort", direction);
    else head.removeAttribute("aria-sort");
  }
};

const remember = () => {
  const sorted = heads.find((head) => head.hasAttribute("aria-sort"));
  const state = new URLSearchParams({
    text: text.value,
    verdict: form.elements.verdict.value,
    sort: sorted?.querySelector("button").dataset.sort ?? "",
    order: sorted?.getAttribute("aria-sort") ?? "",
  });
  history.replaceState(null, "", `#${state}`);
};

const restore = () => {
  const state = new URLSearchParams(location.hash.slice(1));
  text.value = state.get("text") ?? "";
  const choice = [...form.elements.verdict].find((radio) => radio.value === state.get("verdict"));
  if (choice) choice.checked = true;
  const column = heads.findIndex(
    (head) => head.querySelector("button").dataset.sort === state.get("sort"),
  );
  if (column >= 0) sortBy(column, state.get("order") === "ascending" ? "ascending" : "descending");
  filter();
};

for (const [column, head] of heads.entries()) {
  const button = head.querySelector("button");
  // What one looks for first: the latest, the fastest; of words and verdicts the beginning.
  const first = ["verdict", "name", "seed"].includes(button.dataset.sort)
    ? "ascending"
    : "descending";
  button.addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    const other = now === "ascending" ? "descending" : "ascending";
    sortBy(column, now === null ? first : other);
    remember();
  });
}
form.addEventListener("input", () => {
  filter();
  remember();
});
form.addEventListener("submit", (event) => event.preventDefault());
restore();
