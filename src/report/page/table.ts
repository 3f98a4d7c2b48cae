import { html, type Markup } from "../markup.ts";

export type TableOptions = {
  /** Its head, from the left. */
  readonly columns: readonly string[];
  /** A `tr` each. */
  readonly rows: readonly Markup[];
  readonly className?: string;
  /** Read aloud only. */
  readonly caption?: string;
  /** Its `tr`s below. */
  readonly foot?: Markup;
};

/**
 * A table that scrolls to the side where it does not fit, and that a keyboard can reach. `name`: the id of the
 * heading that names it, or the name itself.
 */
export function scrollTable(
  name: { readonly labelledBy: string } | { readonly label: string },
  { columns, rows, className, caption, foot }: TableOptions,
): Markup {
  const named =
    "labelledBy" in name
      ? html`aria-labelledby="${name.labelledBy}"`
      : html`aria-label="${name.label}"`;
  return html`<div class="scroll" role="group" ${named} tabindex="0">
    <table${className === undefined ? null : html` class="${className}"`}>
      ${
        caption === undefined
          ? null
          : html`<caption class="sr">
              ${caption}
            </caption>`
      }
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
      ${
        foot === undefined
          ? null
          : html`<tfoot>
              ${foot}
            </tfoot>`
      }
    </table>
  </div>`;
}
