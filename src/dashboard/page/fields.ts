import { el } from "./element.ts";

type NumberOptions = {
  readonly value?: number | string;
  readonly min: number;
  readonly max: number;
  readonly step?: number | "any";
  /** Shown while it is empty: what then holds. */
  readonly hint?: string;
};

export type Field<T extends HTMLElement> = { readonly label: HTMLLabelElement; readonly input: T };

/** A number with its name. Empty: null by `numberOf`. */
export function numberField(
  name: string,
  { value = "", min, max, step = 1, hint = "" }: NumberOptions,
): Field<HTMLInputElement> {
  const input = el("input", { type: "number", value, min, max, step, placeholder: hint });
  return { label: el("label", {}, el("span", {}, name), input), input };
}

export const numberOf = ({ input }: Field<HTMLInputElement>): number | null =>
  input.value.trim() === "" ? null : input.valueAsNumber;

export function selectField(
  name: string,
  options: readonly (readonly [value: string, text: string])[],
): Field<HTMLSelectElement> {
  const input = el("select", {}, ...options.map(([value, text]) => el("option", { value }, text)));
  return { label: el("label", {}, el("span", {}, name), input), input };
}

export function textField(
  name: string,
  hint: string,
  type: "text" | "search" = "text",
): Field<HTMLInputElement> {
  const input = el("input", { type, placeholder: hint, autocomplete: "off", spellcheck: "false" });
  return { label: el("label", {}, el("span", {}, name), input), input };
}

/** A verdict as reports show it: by sign and word, never by colour alone. */
export function badge(
  verdict: "pass" | "fail" | "unknown" | "damaged",
  text?: string,
): HTMLElement {
  const [sign, word] = WORDS[verdict];
  return el("span", { class: `badge ${verdict}` }, `${sign} ${text ?? word}`);
}

const WORDS = {
  pass: ["✔", "Pass"],
  fail: ["✘", "Fail"],
  unknown: ["?", "Unknown"],
  damaged: ["!", "Damaged"],
} as const;
