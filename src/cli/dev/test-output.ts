/**
 * Reads what `bun test` says: how many tests passed and failed, and which, by file. A file that does
 * not load, and an error outside of any test, count as one that failed, of no file that could be told.
 */
export class TestOutput {
  /** The names of the failed tests, by file, as it calls itself below the working directory. */
  readonly failures = new Map<string, string[]>();
  passed = 0;
  failed = 0;
  #file = "";
  #rest = "";
  #isSummary = false;

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(Bun.stripANSI(line).trimEnd());
  }

  #line(line: string): void {
    const total = /^ *(\d+) (pass|fail)$/.exec(line);
    if (total !== null) this[total[2] === "pass" ? "passed" : "failed"] = Number(total[1]);
    // Behind it the failed tests are told once more, without their files.
    if (/^\d+ tests failed:$/.test(line)) this.#isSummary = true;
    if (this.#isSummary) return;
    const header = /^(\S+\.test\.ts):$/.exec(line);
    if (header !== null) this.#file = header[1]!;
    // With colours a cross, without them a word; a crash has no time behind it.
    const name = /^(?:\(fail\)|✗) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line)?.[1];
    if (name === undefined || this.#file === "") return;
    this.failures.set(this.#file, [...(this.failures.get(this.#file) ?? []), name]);
  }
}
