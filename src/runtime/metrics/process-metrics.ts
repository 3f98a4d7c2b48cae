import { readdirSync, readFileSync } from "node:fs";
import { type Metric, type Reading, single } from "./metric.ts";

/**
 * The process. Names are those of prom-client's default metrics, which are not used themselves: in Bun
 * half of them are empty or wrong, and one starts a timer for ever (docs/adr/0023).
 */
export const PROCESS_METRICS: readonly Metric[] = [
  single(
    "counter",
    "process_cpu_user_seconds_total",
    "CPU time in user mode.",
    () => process.cpuUsage().user / 1e6,
  ),
  single(
    "counter",
    "process_cpu_system_seconds_total",
    "CPU time in the kernel.",
    () => process.cpuUsage().system / 1e6,
  ),
  single("counter", "process_cpu_seconds_total", "CPU time.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }),
  single(
    "gauge",
    "process_start_time_seconds",
    "When the process started, seconds since the Unix epoch.",
    () => performance.timeOrigin / 1000,
  ),
  single("gauge", "process_resident_memory_bytes", "Resident memory.", () =>
    process.memoryUsage.rss(),
  ),
  onLinux("process_open_fds", "Open file descriptors.", () => {
    // The listing itself holds one open.
    return readdirSync("/proc/self/fd").length - 1;
  }),
  onLinux("process_max_fds", "File descriptors that it may open.", () => {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  }),
  single(
    "gauge",
    "nodejs_heap_size_used_bytes",
    "Memory of JavaScript objects.",
    () => process.memoryUsage().heapUsed,
  ),
  single(
    "gauge",
    "nodejs_external_memory_bytes",
    "Memory of buffers outside of the heap.",
    () => process.memoryUsage().external,
  ),
  single(
    "gauge",
    "nodejs_eventloop_lag_p99_seconds",
    "How late 99 % of the event loop's ticks came at most, since the scrape before.",
    (s) => s.lag.p99Ms / 1000,
  ),
  single(
    "gauge",
    "nodejs_eventloop_lag_max_seconds",
    "The longest pause of the event loop since the scrape before.",
    (s) => s.lag.maxMs / 1000,
  ),
  {
    kind: "gauge",
    name: "ordeal_build_info",
    help: "1, with the versions of Ordeal and Bun.",
    labels: ["version", "bun"],
    read: ({ status }): Reading<number>[] => [[{ version: status.version, bun: Bun.version }, 1]],
  },
];

/** Without a series elsewhere. */
function onLinux(name: string, help: string, read: () => number): Metric {
  const isHere = process.platform === "linux";
  return { kind: "gauge", name, help, labels: [], read: () => (isHere ? [[{}, read()]] : []) };
}
