import type { Socket } from "bun";
import { encodeCommand, type Reply, ReplyReader } from "./resp.ts";

/** Sends one command on a connection of its own; null: no reply within `withinMs`. */
export async function ask(
  port: number,
  parts: readonly string[],
  withinMs: number,
): Promise<Reply | null> {
  const reader = new ReplyReader();
  const { promise, resolve } = Promise.withResolvers<Reply | null>();
  const timer = setTimeout(() => resolve(null), Math.max(1, withinMs));
  let opened: Socket | null = null;
  try {
    const dialed = Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => {
          opened = socket;
          socket.write(encodeCommand(parts));
        },
        data: (_socket, chunk) => reader.push(chunk, resolve),
        close: () => resolve(null),
        error: () => resolve(null),
        connectError: () => {}, // The promise rejects too.
      },
    });
    dialed.catch(() => resolve(null));
    return await promise;
  } finally {
    clearTimeout(timer);
    (opened as Socket | null)?.terminate();
  }
}

export async function isPonging(port: number, withinMs: number): Promise<boolean> {
  const reply = await ask(port, ["PING"], withinMs);
  return Buffer.isBuffer(reply) && reply.toString() === "PONG";
}

/** A part of INFO REPLICATION. */
export type Replication = {
  readonly isPrimary: boolean;
  /** Of the primary that a replica follows, as it was told; 0: none. */
  readonly primaryPort: number;
  /** Bytes of the stream of writes that it has, as its primary counts them. */
  readonly offset: number;
};

/** Null: no answer within `withinMs`. */
export async function askReplication(port: number, withinMs: number): Promise<Replication | null> {
  const reply = await ask(port, ["INFO", "replication"], withinMs);
  if (!Buffer.isBuffer(reply)) return null;
  const text = reply.toString("latin1");
  const field = (name: string): string => new RegExp(`^${name}:(.*)\r$`, "m").exec(text)?.[1] ?? "";
  const isPrimary = field("role") === "master";
  return {
    isPrimary,
    primaryPort: Number(field("master_port")),
    offset: Number(field(isPrimary ? "master_repl_offset" : "slave_repl_offset")),
  };
}
