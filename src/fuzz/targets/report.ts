import { UserError } from "../../lib/user-error.ts";
import { renderMarkdown } from "../../report/markdown.ts";
import { benchReport, demoReport, failingReport } from "../../report/testing/fixtures.ts";
import { parseReport } from "../../report/validate.ts";
import { expect, type FuzzTarget, outcomeOf } from "../target.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Reports, as they lie beside their pages and as CI fetches them from elsewhere. */
export const report: FuzzTarget = {
  name: "report",
  samples: [benchReport(), demoReport(4), failingReport()].map((one) =>
    utf8.encode(JSON.stringify(one)),
  ),
  allocatesMax: (bytes) => (1 << 20) + 64 * bytes,
  run: (input) =>
    outcomeOf(() => {
      const read = parseReport(text.decode(input), "report.json");
      const again = parseReport(JSON.stringify(read), "report.json");
      expect(Bun.deepEquals(read, again), "written and read again it is another report");
      const page = renderMarkdown(read);
      return `${read.verdict}, ${page.length > 0 ? "a page" : "no page"}`;
    }, [UserError]),
};
