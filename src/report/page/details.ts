import { bytes } from "../format.ts";
import { html, type Markup } from "../markup.ts";
import type { Report } from "../schema.ts";
import { targetText } from "../words.ts";

const CONFIG_MAX = 100_000;
const ARTIFACTS_MAX = 100;

/** Where the figures come from: enough to judge whether two reports may be compared. */
export function provenanceSection(report: Report): Markup {
  const { environment: machine, code, target } = report;
  const facts: readonly (readonly [string, string | Markup])[] = [
    ["Seed", String(report.seed)],
    ["Target", targetText(target)],
    [
      "Code",
      html`<code>${code.commit.slice(0, 12)}</code
        >${code.dirty ? " with uncommitted changes" : ""}`,
    ],
    ["Started", report.startedAt],
    ["CPU", `${machine.cpu}, ${machine.cores} cores`],
    ["Memory", bytes(machine.memoryBytes)],
    ["System", `${machine.os}, kernel ${machine.kernel}`],
    ["Bun", machine.bun],
    ["Run", html`<code>${report.runId}</code>`],
  ];
  return html`<section aria-labelledby="provenance-title">
    <h2 id="provenance-title">Provenance</h2>
    <dl class="pairs">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

export function configSection({ config }: Report): Markup | null {
  if (config === null || config === undefined) return null;
  const text = JSON.stringify(config, null, 2);
  const cut = text.length > CONFIG_MAX;
  return html`<section aria-labelledby="config-title">
    <h2 id="config-title">Configuration</h2>
    <details>
      <summary>As it ran, in JSON</summary>
      <pre tabindex="0">${cut ? text.slice(0, CONFIG_MAX) : text}</pre>
      ${cut ? html`<p class="more">Cut here; the whole of it is in report.json.</p>` : null}
    </details>
  </section>`;
}

export function artifactsSection({ artifacts }: Report): Markup | null {
  const entries = Object.entries(artifacts).slice(0, ARTIFACTS_MAX);
  if (entries.length === 0) return null;
  return html`<section aria-labelledby="artifacts-title">
    <h2 id="artifacts-title">Artifacts</h2>
    <ul class="artifacts">
      ${entries.map(([name, path]) => html`<li>${linkTo(path, name)} <code>${path}</code></li>`)}
    </ul>
  </section>`;
}

/** Only paths below the report become links: nothing that has a scheme, a host or a root. */
export function linkTo(path: string, name: string): Markup {
  const local = !/^[/\\]|^[a-z][a-z0-9+.-]*:|(^|[/\\])\.\.([/\\]|$)/i.test(path.trim());
  const href = path.toWellFormed().split("/").map(encodeURIComponent).join("/");
  return local ? html`<a href="${href}">${name}</a>` : html`<span>${name}</span>`;
}
