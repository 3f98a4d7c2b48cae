/** What Linux says of a process in `/proc/PID/stat` (proc(5)). */
export type ProcStat = {
  /** "R" runs, "S" and "D" sleep, "T" is stopped, "Z" has ended and is waited for by nobody yet. */
  readonly state: string;
  readonly parent: number;
  /** The process that its session began with. */
  readonly session: number;
  /** Processor time of all its threads so far. The kernel counts in hundredths of a second (USER_HZ). */
  readonly cpuMs: number;
};

const MS_PER_CLOCK_TICK = 10;

/** Reads the text of that file: `pid (name) state parent group session …`. */
export function parseProcStat(text: string): ProcStat {
  // The name may hold anything, so the last ")" ends it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state = "", parent, , session] = fields;
  const cpuMs = (Number(fields[11]) + Number(fields[12])) * MS_PER_CLOCK_TICK; // utime, stime
  return { state, parent: Number(parent), session: Number(session), cpuMs };
}
