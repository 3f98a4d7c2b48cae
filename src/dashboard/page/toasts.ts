import { el } from "./element.ts";

const SHOWN_MS = 5_000;
const SHOWN_MAX = 4;

/** Says something for a few seconds; screen readers hear it too (the region is live). */
export const say = (text: string): void => {
  const toast = add("said", text);
  setTimeout(() => toast.remove(), SHOWN_MS);
};

/** Says what went wrong, until it is dismissed or pushed out by others. */
export const complain = (error: unknown): void => {
  if (error instanceof DOMException && error.name === "AbortError") return;
  add("problem", error instanceof Error ? error.message : String(error));
};

function add(kind: "said" | "problem", text: string): HTMLElement {
  const region = document.getElementById("toasts")!;
  const toast = el("p", { class: `toast ${kind}` }, text);
  toast.append(
    el("button", { type: "button", "aria-label": "Dismiss", onclick: () => toast.remove() }, "✕"),
  );
  region.append(toast);
  while (region.childElementCount > SHOWN_MAX) region.firstElementChild?.remove();
  return toast;
}
