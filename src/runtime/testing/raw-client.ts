import type { ByteWriter } from "../../wire/bytes.ts";
import { type Frame, FrameReader } from "../../wire/frame.ts";
import { FrameWriter } from "../frame-writer.ts";

/** A TCP connection that keeps what it receives, to say anything to a port. */
export type RawClient = {
  readonly frames: readonly Frame[];
  readonly isClosed: boolean;
  send(bytes: Uint8Array): void;
  /** Sends what `write` encodes. */
  encode(write: (w: ByteWriter) => void): void;
  /** Stops reading, so that the other side's bytes pile up; or goes on. */
  pause(): void;
  resume(): void;
  close(): void;
};

export async function rawClient(port: number): Promise<RawClient> {
  const frames: Frame[] = [];
  const reader = new FrameReader();
  let closed = false;
  const out = new FrameWriter(64 << 20);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      binaryType: "uint8array",
      data: (_socket, chunk) => reader.push(chunk, (frame) => frames.push(frame)),
      drain: (drained) => void out.flush(drained),
      close: () => void (closed = true),
      error: () => void (closed = true),
    },
  });
  const encode = (write: (w: ByteWriter) => void): void => {
    write(out.bytes);
    out.flush(socket);
  };
  return {
    frames,
    get isClosed() {
      return closed;
    },
    encode,
    send: (bytes) => encode((w) => w.bytes(bytes)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.terminate(),
  };
}
