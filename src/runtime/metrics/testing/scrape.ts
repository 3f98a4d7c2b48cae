/** One series of a page that Prometheus reads. */
export type Series = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)",?/g;

/** Reads a page in the text format of Prometheus. Throws on a line that is none. */
export function parseScrape(text: string): readonly Series[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name, inner = "", value] = LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`no series: ${line}`);
      const labels = Object.fromEntries([...inner.matchAll(LABEL)].map((m) => [m[1]!, m[2]!]));
      return { name, labels, value: Number(value!.replace("Inf", "Infinity")) };
    });
}
