import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";

/** How a call ended: with gRPC's status (0: ok), or -1 because its connection did. */
export type CallEnd = { readonly status: number; readonly message: string; readonly body: Buffer };

export const CALL_LOST = -1;
const NO_BODY: Buffer = Buffer.alloc(0);
const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;

/**
 * One HTTP/2 connection to a gRPC server, for unary calls. Dials until `close`, with growing pauses.
 * Bun's own HTTP/2 and no gRPC library: it takes half of the processor time (docs/targets.md).
 */
export class GrpcConnection {
  readonly #url: string;
  readonly #onOpen: () => void;
  readonly #onLost: () => void;
  #session: ClientHttp2Session | null = null;
  #isOpen = false;
  #closed = false;
  #redialMs = REDIAL_MS_MIN;
  #timer: Timer | null = null;

  /** `onLost`: an open connection has ended; its calls have all been ended before that. */
  constructor(host: string, port: number, onOpen: () => void, onLost: () => void) {
    this.#url = `http://${host}:${port}`;
    this.#onOpen = onOpen;
    this.#onLost = onLost;
    this.#dial();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Null: not connected. `onEnd` is called once, but not for a call that was closed. */
  call(path: string, message: Buffer, onEnd: (end: CallEnd) => void): Call | null {
    const session = this.#session;
    if (session === null || !this.#isOpen) return null;
    return new Call(session, path, message, onEnd);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#session?.destroy();
  }

  #dial(): void {
    this.#timer = null;
    const session = connect(this.#url);
    this.#session = session;
    session.on("connect", () => {
      this.#isOpen = true;
      this.#redialMs = REDIAL_MS_MIN;
      this.#onOpen();
    });
    const lost = (): void => this.#lost(session);
    session.on("goaway", () => session.destroy());
    session.on("error", lost);
    session.on("close", lost);
  }

  #lost(session: ClientHttp2Session): void {
    if (this.#session !== session) return;
    const wasOpen = this.#isOpen;
    this.#session = null;
    this.#isOpen = false;
    session.destroy();
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#dial(), this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MS_MAX);
    if (wasOpen) this.#onLost();
  }
}

/** A unary call that is out. */
export class Call {
  readonly #stream: ClientHttp2Stream;
  #onEnd: ((end: CallEnd) => void) | null;
  #status = CALL_LOST;
  #message = "";
  #body = NO_BODY;

  constructor(
    session: ClientHttp2Session,
    path: string,
    message: Buffer,
    onEnd: (end: CallEnd) => void,
  ) {
    this.#onEnd = onEnd;
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      // A node that knows no leader says so at once, instead of waiting for one.
      hasleader: "true",
    });
    this.#stream = stream;
    const noteStatus = (headers: IncomingHttpHeaders): void => {
      if (headers["grpc-status"] === undefined) return;
      this.#status = Number(headers["grpc-status"]);
      this.#message = decodeURIComponent(String(headers["grpc-message"] ?? ""));
    };
    const end = (): void => this.#end();
    stream.on("response", noteStatus); // An error may come as headers alone.
    stream.on("trailers", noteStatus);
    stream.on("data", (chunk: Buffer) => {
      this.#body = this.#body.length === 0 ? chunk : Buffer.concat([this.#body, chunk]);
    });
    stream.on("end", end);
    stream.on("close", end);
    stream.on("error", end);
    stream.end(message);
  }

  /** Nobody waits for its end any more. */
  cancel(): void {
    this.#onEnd = null;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #end(): void {
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.({ status: this.#status, message: this.#message, body: this.#body });
  }
}
