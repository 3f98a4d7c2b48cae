import type { Arm } from "./systems.ts";

/** What redis-benchmark is to do. */
export type RespLoad = {
  readonly test: "set" | "get";
  readonly pipeline: number;
  readonly requests: number;
};

export type RespResult = { readonly throughput: number; readonly cpuUs: number };

/** Of the speed table (docs/bench.md): 50 connections, values of 256 bytes. */
const CONNECTIONS = 50;
const VALUE_BYTES = 256;
const KEYS = 100_000;

/** Runs redis-benchmark against a system. Throws when it ends with an error, which any error reply makes it do. */
export async function runRedisBenchmark(
  { port, cpuMs }: Arm,
  { test, pipeline, requests }: RespLoad,
): Promise<RespResult> {
  const before = cpuMs();
  const child = Bun.spawn(
    [
      ...["redis-benchmark", "-p", `${port}`, "-t", test, "-P", `${pipeline}`, "--csv"],
      ...["-n", `${requests}`, "-c", `${CONNECTIONS}`, "-d", `${VALUE_BYTES}`, "-r", `${KEYS}`],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const [text, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const exitCode = await child.exited;
  const throughput = Number(new RegExp(`"${test}","([0-9.]+)"`, "i").exec(text)?.[1]);
  if (exitCode !== 0 || !(throughput > 0)) {
    throw new Error(`redis-benchmark ended with ${exitCode}: ${complaints || text}`);
  }
  return { throughput, cpuUs: ((cpuMs() - before) * 1000) / requests };
}
