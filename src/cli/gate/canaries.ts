import { mkdir, open, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { Canaries } from "../../bench/gate/metrics.ts";
import { median } from "../../lib/stats.ts";

const SPINS = 9;
const SPIN_ROUNDS = 400_000;
const ROUND_TRIPS = 200;
const SYNCS = 20;
const SYNC_BYTES = 4096;
const TIMERS = 15;
const TIMER_MS = 3;

/**
 * What this machine does now, while no arm runs: medians, in microseconds. `dir` is on the disk that
 * the nodes use. Takes about 0.2 s.
 */
export async function readCanaries(dir: string): Promise<Canaries> {
  return {
    "CPU spin": await spin(),
    "loopback round trip": await roundTrip(),
    fsync: await fsync(dir),
    "timer lateness": await timerLateness(),
  };
}

let sink = 0;

async function spin(): Promise<number> {
  return medianOf(SPINS, () => {
    let x = sink | 1;
    for (let i = 0; i < SPIN_ROUNDS; i++) x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
    sink = x;
  });
}

async function roundTrip(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const { port } = server.address() as { readonly port: number };
  const client = connect({ host: "127.0.0.1", port, noDelay: true });
  try {
    await once(client, "connect");
    return await medianOf(ROUND_TRIPS, async () => {
      client.write("x");
      await once(client, "data");
    });
  } finally {
    client.destroy();
    server.close();
  }
}

function once(socket: ReturnType<typeof connect>, event: "connect" | "data"): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.once(event, () => {
    socket.off("error", reject);
    resolve();
  });
  return promise;
}

async function fsync(dir: string): Promise<number> {
  await mkdir(dir, { recursive: true });
  const path = join(dir, "canary");
  const file = await open(path, "w");
  try {
    const block = new Uint8Array(SYNC_BYTES);
    return await medianOf(SYNCS, async () => {
      await file.write(block);
      await file.datasync();
    });
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function timerLateness(): Promise<number> {
  const took = await medianOf(TIMERS, () => Bun.sleep(TIMER_MS));
  return Math.max(1, took - TIMER_MS * 1_000);
}

/** Microseconds. */
async function medianOf(samples: number, body: () => unknown): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < samples; i++) {
    const from = performance.now();
    await body();
    took.push((performance.now() - from) * 1_000);
  }
  return median(took);
}
