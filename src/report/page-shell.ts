import { html, type Markup, scriptJson, trusted } from "./markup.ts";

/** No request of any kind leaves a page: what it needs is in it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export type PageParts = {
  readonly title: string;
  /** CSS that this program wrote, in order. */
  readonly styles: readonly string[];
  /** JavaScript that this program wrote, in order; each of `libraries` stands alone, `scripts` share a scope. */
  readonly libraries?: readonly string[];
  readonly scripts?: readonly string[];
  readonly bodyClass?: string;
  readonly body: Markup;
};

/** A page that needs no network and no other file. */
export const pageOf = ({
  title,
  styles,
  libraries = [],
  scripts = [],
  bodyClass,
  body,
}: PageParts) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${title} · Ordeal</title>
        <link rel="icon" href="data:," />
        <style>
          ${styles.map(trusted)}
        </style>
      </head>
      <body ${bodyClass === undefined ? null : html`class="${bodyClass}"`}>
        ${body}
        ${libraries.map(
          (code) =>
            html`<script>
              ${trusted(code)};
            </script>`,
        )}
        ${scripts.length === 0 ? null : sharedScript(scripts)}
      </body>
    </html> `.toString();

const sharedScript = (scripts: readonly string[]): Markup =>
  html`<script>
    (() => {
      "use strict";
      ${scripts.map((code) => trusted(`${code};\n`))};
    })();
  </script>`;

/** What the scripts of a page draw: they read the element "chart-data". */
export const embeddedData = (data: unknown): Markup =>
  html`<script type="application/json" id="chart-data">
    ${scriptJson(data)}
  </script>`;
