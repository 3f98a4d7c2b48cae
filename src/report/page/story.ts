import { html, type Markup } from "../markup.ts";
import type { Report } from "../schema.ts";
import { linkTo } from "./details.ts";
import { lamportSection } from "./lamport.ts";

/** The diagram of a violation, and the logs of the nodes it tells of. */
export function storySection({ story, artifacts }: Report): Markup | null {
  if (story === undefined) return null;
  const logs = Object.entries(artifacts).filter(([name]) => name.startsWith("log of "));
  const heading = `What led to it: ${story.title}`;
  const foot =
    logs.length === 0
      ? null
      : html`<p class="more">
          What each node logged:
          ${logs.map(([name, path]) => html` ${linkTo(path, name.slice(7))}`)}
        </p>`;
  return lamportSection(story, { heading, foot });
}
