/**
 * Pictures of every kind of page in a real Chromium, light and dark, 1280 and 400 pixels wide, for
 * people to look at: CI keeps them as artefacts. Exits with 1 when a page asks for another file,
 * logs an error or is wider than its window.
 *
 *   bun src/cli/dev/screenshots.ts DIR [PART OF A NAME]
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  changeView,
  CHROMIUM_MISSING,
  findChromium,
  launchChromium,
  openPage,
  sidewaysOverflow,
  VIEWS,
} from "../../report/testing/browser.ts";
import { samplePages } from "./sample-pages.ts";

const [dir, part = ""] = process.argv.slice(2);
const chromium = findChromium();
if (dir === undefined || chromium === null) {
  console.error(dir === undefined ? "usage: bun src/cli/dev/screenshots.ts DIR" : CHROMIUM_MISSING);
  process.exit(64);
}
await mkdir(dir, { recursive: true });
const browser = await launchChromium(chromium);
try {
  for (const [name, text] of samplePages()) {
    if (!name.includes(part)) continue;
    const file = join(dir, `${name}.html`);
    await Bun.write(file, text);
    const { page, problems } = await openPage(browser, file, VIEWS[0]!);
    for (const view of VIEWS) {
      await changeView(page, view);
      const sideways = await sidewaysOverflow(page);
      const picture = join(dir, `${name}-${view.width}-${view.scheme}.png`);
      await page.screenshot({ path: picture, fullPage: true });
      if (sideways > 0) problems.push(`at ${view.width}: ${sideways} pixels too wide`);
    }
    await page.close();
    console.log(
      problems.length === 0 ? `ok      ${name}` : `failed  ${name}: ${problems.join("; ")}`,
    );
    if (problems.length > 0) process.exitCode = 1;
  }
} finally {
  await browser.close();
}
