import type { Reply } from "../../replica/ports.ts";
import type { FrameWriter } from "../frame-writer.ts";

/** What a text protocol needs of the connection that it speaks on. */
export type TextLink = {
  /** What is written here leaves at the end of the turn, once `markDirty` was called. */
  readonly out: FrameWriter;
  /** The connection's number, never used again within a process. */
  readonly id: number;
  /** Hands `bytes[0, end)` to a replica here; they may be used again at once. */
  request(group: number, requestId: number, bytes: Uint8Array, view: DataView, end: number): void;
  markDirty(): void;
  /** Something came about outside of a turn: have one. */
  wake(): void;
  /** What came cannot be read, and the connection will end: told once, for the log. */
  refused(reason: string): void;
  /** A bug of ours came up. */
  readonly onFatal: (error: unknown) => void;
};

/** One connection's side of a text protocol. */
export type TextProtocol = {
  /** Takes bytes that came; they will not change. */
  receive(chunk: Uint8Array): void;
  /** The client sends no more. */
  end(): void;
  /** Goes on with commands that had to wait; called at the end of a turn. */
  resume(): void;
  /** Of a command that was handed to `TextLink.request`. */
  reply(requestId: number, reply: Reply): void;
  /** Bytes that came and wait; the connection is not read from while they are many. */
  readonly buffered: number;
  /** Commands wait for others, or for the client to read. */
  readonly isWaiting: boolean;
  /** Everything is answered, and no more will be: close once it has left. */
  readonly isDone: boolean;
};

/** Makes the protocol's side of a connection that has begun to speak it. */
export type TextProtocols = (protocol: "resp" | "json", link: TextLink) => TextProtocol;
