import { UserError } from "../../lib/user-error.ts";
import { dieWithParent } from "../../runtime/parent.ts";
import { readLines } from "../../target/json-lines.ts";
import type { LoadCommand, LoadEvent, LoadSpec } from "../../workload/spec.ts";
import { Generator } from "./generator.ts";

/**
 * The generator process that other commands start: a LoadSpec on the first line of standard input,
 * then LoadCommands; LoadEvents on standard output. The end of standard input ends the process.
 */
export async function runFromStdin(): Promise<void> {
  dieWithParent();
  // A terminal's Ctrl-C is for the process that started this one, and that one closes our input.
  process.on("SIGINT", () => {});
  const lines = readLines(Bun.stdin.stream());
  const first = await lines.next();
  if (first.done === true) throw badInput("nothing came", "");
  const spec = parse<LoadSpec>(first.value);
  const generator = await Generator.create(spec, emit);
  void obey(lines, generator);
  await generator.run();
  await written();
  process.exit(0);
}

async function obey(lines: AsyncGenerator<string>, generator: Generator): Promise<void> {
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const command = parse<LoadCommand>(line);
    if (command.kind === "stop") generator.stop(command.finalReads ?? false);
    else if (command.kind === "start") generator.start(command.atUs);
    else throw badInput("an unknown command", line);
  }
  process.exit(0);
}

const emit = (event: LoadEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** Resolves once standard output has taken everything: an exit would cut it off. */
const written = (): Promise<void> =>
  new Promise((resolve) => void process.stdout.write("", () => resolve()));

function parse<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (error) {
    throw badInput((error as Error).message, line);
  }
}

function badInput(what: string, line: string): UserError {
  const fix = 'write one LoadSpec as one JSON line, then {"kind":"stop"}';
  return new UserError("bad input for the generator", [
    { where: `standard input ${line.slice(0, 80)}`, what, fix },
  ]);
}
