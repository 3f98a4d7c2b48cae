/** One mistake in something a person wrote: what is wrong, where, and what to do about it. */
export type Problem = { readonly where: string; readonly what: string; readonly fix: string };

/** Exit code for bad input (sysexits' EX_USAGE). */
export const EXIT_USAGE = 64;

/**
 * Bad input from a person: a flag, a scenario, a config, a report file. The CLI prints `message`
 * alone, without a stack, and exits with EXIT_USAGE. Lists every problem found, not only the first.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly problems: readonly Problem[];

  constructor(subject: string, problems: readonly Problem[]) {
    const lines = problems.map((p) => `  ${p.where}: ${p.what}\n    fix: ${p.fix}`);
    super([`${subject}`, ...lines].join("\n"));
    this.problems = problems;
  }
}
