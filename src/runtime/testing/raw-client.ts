import { ByteWriter } from "../../wire/bytes.ts";
import { type Frame, FrameReader } from "../../wire/frame.ts";

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
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      binaryType: "uint8array",
      data: (_socket, chunk) => reader.push(chunk, (frame) => frames.push(frame)),
      close: () => void (closed = true),
      error: () => void (closed = true),
    },
  });
  const send = (bytes: Uint8Array): void => {
    const taken = socket.write(bytes);
    if (taken !== bytes.length) throw new Error(`the socket took ${taken} of ${bytes.length}`);
  };
  return {
    frames,
    get isClosed() {
      return closed;
    },
    send,
    encode(write) {
      const w = new ByteWriter();
      write(w);
      send(w.written());
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.terminate(),
  };
}
