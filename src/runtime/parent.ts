import { dlopen, FFIType } from "bun:ffi";
import { existsSync } from "node:fs";

const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;
const SIGKILL = 9;

/**
 * Makes the kernel SIGKILL this process when its parent ends, however that ends (Linux only;
 * elsewhere it does nothing). Unlike the end of a pipe this reaches a process that is stopped by
 * SIGSTOP. A parent that ended before the call is not noticed: watch a pipe from it as well.
 */
export function dieWithParent(): void {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/**
 * Makes this process the parent of every descendant whose own parent ends, in the place of init
 * (Linux only; elsewhere it does nothing).
 */
export function adoptOrphans(): void {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

function prctl(option: number, value: number): void {
  if (process.platform !== "linux") return;
  const u64 = FFIType.u64;
  const signature = { args: [FFIType.i32, u64, u64, u64, u64], returns: FFIType.i32 } as const;
  const libc = dlopen(isMusl() ? "libc.so" : "libc.so.6", { prctl: signature });
  libc.symbols.prctl(option, value, 0, 0, 0);
  libc.close();
}

const isMusl = (): boolean => existsSync("/etc/alpine-release");

/**
 * Exits at once, with `code`, when stdin ends: the process that holds its other end is gone. What
 * arrives until then is dropped, unless `onStdinLine` takes it.
 */
export function exitWhenStdinEnds(code = 1): void {
  process.stdin.on("end", () => process.exit(code));
  process.stdin.on("error", () => process.exit(code));
  process.stdin.resume();
}

/** Calls `onLine` with each line that arrives on stdin. */
export function onStdinLine(onLine: (line: string) => void): void {
  const decoder = new TextDecoder();
  let rest = "";
  process.stdin.on("data", (chunk: Uint8Array) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    lines.forEach(onLine);
  });
}
