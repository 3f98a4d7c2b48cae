import { createInterface, type Interface } from "node:readline/promises";
import { createColors } from "picocolors";
import type { Client } from "../../connect/client.ts";
import { addressText } from "../../connect/discover.ts";
import { useColours } from "../colours.ts";
import { complete, type Completions } from "./complete.ts";
import { type Encoding, shown } from "./encoding.ts";
import { addHistory, HISTORY_MAX, historyFile, readHistory } from "./history.ts";
import { type Outcome, outcomeOf, perform, type Request } from "./perform.ts";
import { helpText, parseLine } from "./repl-commands.ts";
import { open, type Where } from "./run.ts";
import { entryLines, exitCodeOf, noteOf } from "./show.ts";

export type ReplOptions = Where & { readonly history: string | undefined };

const PROMPT = "kv> ";

/** Runs the prompt until its input ends. Throws UserError. */
export async function runRepl(options: ReplOptions): Promise<void> {
  let db: Client;
  try {
    db = await open(options);
  } catch (error) {
    const outcome = outcomeOf(error);
    console.error(noteOf(outcome, "text"));
    process.exitCode = exitCodeOf(outcome);
    return;
  }
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const repl = new Repl(
    db,
    isTerminal,
    isTerminal ? historyFile(options.history, process.env) : null,
  );
  try {
    await repl.run();
  } finally {
    await db.close();
  }
}

/** One session at the prompt, or of commands from a pipe, which gets neither prompt nor history. */
class Repl {
  readonly #db: Client;
  readonly #isTerminal: boolean;
  #history: string | null;
  readonly #colours = createColors(useColours(process.stdout));
  readonly #lines: Interface;
  #encoding: Encoding = "text";
  /** Of the command that runs. */
  #abort: AbortController | null = null;
  #isOver = false;

  constructor(db: Client, isTerminal: boolean, history: string | null) {
    this.#db = db;
    this.#isTerminal = isTerminal;
    this.#history = history;
    this.#lines = createInterface({
      input: process.stdin,
      terminal: isTerminal,
      ...(isTerminal && { output: process.stdout, completer: this.#complete }),
      ...{ history: readHistory(history), historySize: HISTORY_MAX },
      ...{ prompt: PROMPT, removeHistoryDuplicates: true, tabSize: 4 },
    });
    this.#lines.on("SIGINT", this.#onInterrupt);
    this.#lines.on("close", () => {
      this.#isOver = true;
      if (this.#isTerminal) this.#abort?.abort();
    });
  }

  async run(): Promise<void> {
    if (this.#isTerminal) console.log(this.#banner());
    this.#prompt();
    for await (const line of this.#lines) {
      this.#remember(line);
      if (await this.#runLine(line)) break;
      this.#prompt();
    }
    this.#lines.close();
  }

  readonly #complete = (line: string): Promise<Completions> => complete(this.#db, line);

  /** Ends the command that runs, or drops the line; at an empty one it says how to end. */
  readonly #onInterrupt = (): void => {
    if (this.#abort !== null) {
      this.#abort.abort();
      return;
    }
    process.stdout.write("^C\n");
    if (this.#lines.line === "") console.log("(Ctrl-D or quit ends)");
    else {
      // To its end, and back over all of it.
      this.#lines.write(null, { ctrl: true, name: "e" });
      this.#lines.write(null, { ctrl: true, name: "u" });
    }
    this.#prompt();
  };

  #prompt(): void {
    if (this.#isTerminal && !this.#isOver) this.#lines.prompt();
  }

  #remember(line: string): void {
    if (addHistory(this.#history, line)) return;
    console.error(`cannot write ${this.#history}: what is entered here is not kept`);
    this.#history = null;
  }

  #banner(): string {
    const { clusterId, nodes } = this.#db.cluster;
    const dim = this.#colours.dim("help lists the commands, Tab completes, Ctrl-D ends");
    return `${clusterId}, ${nodes.length} nodes. ${dim}`;
  }

  /** True: that was the last one. */
  async #runLine(text: string): Promise<boolean> {
    const line = parseLine(text);
    switch (line.kind) {
      case "nothing":
        return false;
      case "quit":
        return true;
      case "help":
        console.log(helpText());
        return false;
      case "nodes":
        for (const node of this.#db.cluster.nodes) console.log(`${node.id}  ${addressText(node)}`);
        return false;
      case "encoding":
        this.#encoding = line.encoding;
        return false;
      case "problem":
        if (!this.#isTerminal) process.exitCode = 64;
        // Not console.error, which has colours of its own (FORCE_COLOR), also in a pipe.
        process.stderr.write(`${this.#colours.red(line.what)}\n`);
        return false;
      case "request":
        await this.#request(line.request, line.isKeysOnly);
        return false;
    }
  }

  async #request(request: Request, isKeysOnly: boolean): Promise<void> {
    this.#abort = new AbortController();
    const startedAt = performance.now();
    const outcome = await perform(this.#db, request, { signal: this.#abort.signal });
    const ms = performance.now() - startedAt;
    this.#abort = null;
    const code = exitCodeOf(outcome);
    if (!this.#isTerminal && code > 0) process.exitCode = code;
    this.#show(outcome, isKeysOnly, `${ms.toFixed(1)} ms`);
  }

  #show(outcome: Outcome, isKeysOnly: boolean, took: string): void {
    const { dim, yellow } = this.#colours;
    const encoding = this.#encoding;
    switch (outcome.kind) {
      case "found": {
        const { valueBytes, version } = outcome.entry;
        console.log(`${shown(valueBytes, encoding)}  ${dim(`version ${version}, ${took}`)}`);
        return;
      }
      case "written":
        console.log(`version ${outcome.version}  ${dim(took)}`);
        return;
      case "deleted":
        console.log(`deleted  ${dim(took)}`);
        return;
      case "scanned": {
        const { entries, next } = outcome;
        process.stdout.write(entryLines(entries, encoding, isKeysOnly));
        const more = next === null ? "" : `, ${noteOf(outcome, encoding)}`;
        console.log(
          dim(`${entries.length} ${entries.length === 1 ? "key" : "keys"}${more}, ${took}`),
        );
        return;
      }
      default:
        console.log(`${yellow(noteOf(outcome, encoding)!)}  ${dim(took)}`);
    }
  }
}
