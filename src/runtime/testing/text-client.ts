import { until } from "./until.ts";

/** A TCP connection that says any text and keeps what comes back, as netcat does. */
export type TextClient = {
  readonly text: string;
  readonly isClosed: boolean;
  send(text: string | Uint8Array): void;
  /** Resolves with what came since the last call, once it has `lines` lines. */
  lines(lines: number): Promise<string>;
  /** Stops reading, so that the other side's bytes pile up; or goes on. */
  pause(): void;
  resume(): void;
  /** Sends no more, and goes on reading. */
  end(): void;
  close(): void;
};

export async function textClient(port: number): Promise<TextClient> {
  let text = "";
  let taken = 0;
  let isClosed = false;
  let out: Uint8Array = new Uint8Array(0);
  let isEnding = false;
  const flush = (): void => {
    const written = out.length === 0 ? 0 : socket.write(out, 0, out.length);
    out = out.subarray(Math.max(0, written));
    if (isEnding && out.length === 0) socket.shutdown();
  };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    allowHalfOpen: true,
    socket: {
      data: (_socket, chunk) => void (text += chunk.toString("latin1")),
      drain: flush,
      end: (ended) => ended.terminate(),
      close: () => void (isClosed = true),
      error: () => void (isClosed = true),
    },
  });
  return {
    get text() {
      return text;
    },
    get isClosed() {
      return isClosed;
    },
    send: (more) => {
      out = Buffer.concat([out, typeof more === "string" ? Buffer.from(more) : more]);
      flush();
    },
    lines: async (lines) => {
      const end = await until(`${lines} lines after ${JSON.stringify(text.slice(taken))}`, () => {
        let at = taken;
        for (let i = 0; i < lines; i++) {
          at = text.indexOf("\n", at) + 1;
          if (at === 0) return null;
        }
        return at;
      });
      const got = text.slice(taken, end);
      taken = end;
      return got;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => {
      isEnding = true;
      flush();
    },
    close: () => void socket.terminate(),
  };
}
