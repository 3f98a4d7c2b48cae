/** What Linux says of a process in `/proc/PID/stat` (proc(5)). */
export type ProcStat = {
  /** "R" runs, "S" and "D" sleep, "T" is stopped, "Z" has ended and is waited for by nobody yet. */
  readonly state: string;
  readonly parent: number;
  /** The process that its session began with. */
  readonly session: number;
};

/** Reads the text of that file: `pid (name) state parent group session …`. */
export function parseProcStat(text: string): ProcStat {
  // The name may hold anything, so the last ")" ends it.
  const [state = "", parent, , session] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state, parent: Number(parent), session: Number(session) };
}
