/** A command that takes longer has failed. */
const WITHIN_MS = 30_000;

/**
 * Runs a program with its arguments, no shell between, `{name}` in them replaced by what `values` has
 * under that name. Rejects, with what it said, when it does not end with 0 in time.
 */
export async function runCommand(
  command: readonly string[],
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  const words = command.map((word) =>
    word.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all)),
  );
  const child = Bun.spawn(words, {
    ...{ stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    ...{ timeout: WITHIN_MS, killSignal: "SIGKILL" },
  });
  // What it leaves running may hold the other end for ever: only what was said by its end counts.
  const said = new Response(child.stderr).text();
  if ((await child.exited) === 0) return;
  const text = await Promise.race([said, Bun.sleep(1_000).then(() => "")]);
  const how = child.signalCode === null ? `code ${child.exitCode}` : child.signalCode;
  throw new Error(`${words.join(" ")} ended with ${how}: ${text.trim()}`);
}
