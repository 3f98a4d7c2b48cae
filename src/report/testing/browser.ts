import { existsSync } from "node:fs";
import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const HEIGHT = 900;

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Path of a Chromium for tests: $CHROMIUM, or where distributions put it; null if there is none. */
export function findChromium(): string | null {
  const named = process.env["CHROMIUM"];
  if (named !== undefined && named !== "") return existsSync(named) ? named : null;
  return PLACES.find((path) => existsSync(path)) ?? null;
}

/** What to tell a person when `findChromium` finds none. */
export const CHROMIUM_MISSING =
  "chromium is not installed: the tests that look at pages in a real browser did not run (apt-get install chromium, or set CHROMIUM to its path)";

export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ARGS, timeout: 30_000 });

export type Viewed = {
  readonly page: Page;
  /** Errors on the console, uncaught exceptions, and requests to anything but the file itself. */
  readonly problems: string[];
};

export type View = { readonly width: number; readonly scheme: "light" | "dark" };

/** The views that every page is looked at in: both schemes, at the width of a desk and of a telephone. */
export const VIEWS: readonly View[] = [1280, 400].flatMap((width) => [
  { width, scheme: "light" as const },
  { width, scheme: "dark" as const },
]);

/** Adds to `problems` errors and warnings on the console, uncaught exceptions, and requests to what is not `ours`. */
export function noteProblems(page: Page, problems: string[], ours: (url: string) => boolean): void {
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!ours(url) && !url.startsWith("data:")) problems.push(`request to ${url}`);
  });
}

/** Opens the file at `path` as a person would, and notes everything that goes wrong. */
export async function openPage(browser: Browser, path: string, view: View): Promise<Viewed> {
  const page = await browser.newPage({
    viewport: { width: view.width, height: HEIGHT },
    colorScheme: view.scheme,
  });
  const problems: string[] = [];
  const url = Bun.pathToFileURL(path).href;
  noteProblems(page, problems, (asked) => asked === url);
  await page.goto(url, { waitUntil: "load" });
  return { page, problems };
}

/** Resizes the window and changes the scheme of an open page, and waits until it has drawn. */
export async function changeView(page: Page, { width, scheme }: View): Promise<void> {
  await page.setViewportSize({ width, height: HEIGHT });
  await page.emulateMedia({ colorScheme: scheme });
  await page.evaluate(
    "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))",
  );
}

/** Pixels by which the page is wider than its window; 0 when it does not scroll sideways. */
export const sidewaysOverflow = (page: Page): Promise<number> =>
  page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );

/** For every canvas on the page: how many different colours it shows, up to 1000. */
export const canvasColours = (page: Page): Promise<readonly number[]> =>
  page.evaluate<number[]>(`[...document.querySelectorAll("canvas")].map((canvas) => {
    // Read from a copy: reading a canvas itself makes Chromium warn, and changes how it draws.
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length && seen.size < 1000; i += 4)
      if (data[i + 3] > 0) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return seen.size;
  })`);

/**
 * What keeps people out, by axe: serious and critical findings, unlabelled controls among them. `rules`: these
 * alone.
 */
export async function barriers(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  // By the debugging protocol, which a page's policy does not bind: its own scripts could not do this.
  await page.evaluate(axe.source);
  const only = rules === undefined ? {} : { runOnly: { type: "rule", values: rules } };
  const options = { ...only, resultTypes: ["violations"] };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify(options)})`);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
