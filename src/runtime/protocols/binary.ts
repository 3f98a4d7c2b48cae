import type { Socket, TCPSocketListener } from "bun";
import type { RefusalCounts } from "../../replica/admission.ts";
import type { GroupClientPort } from "../../replica/host.ts";
import type { Reply } from "../../replica/ports.ts";
import { ByteWriter, WireError } from "../../wire/bytes.ts";
import { type ClusterInfo, writeClusterInfo } from "../../wire/cluster-info.ts";
import { eachRequest, REQUESTS_PER_CONNECTION_MAX, writeResponse } from "../../wire/client.ts";
import { beginFrame, endFrame, type Frame, FrameReader } from "../../wire/frame.ts";
import { KIND } from "../../wire/kinds.ts";
import { readAuth, writeAuthReply } from "../../wire/auth.ts";
import type { NodeSecurity } from "../../security/node-security.ts";
import { FrameWriter } from "../frame-writer.ts";
import type { Log } from "../logging.ts";
import { protocolOf } from "../../wire/protocol.ts";
import { type ClientLimits, clientLimits } from "./client-limits.ts";
import { type Connection, OVERLOADED, waitingBytes } from "./connection.ts";
import { Gate } from "./gate.ts";
import type { TextLink, TextProtocols } from "./text-link.ts";
import { TextSide } from "./text-side.ts";
import { Unfinished } from "./unfinished.ts";

/** A frame of replies is ended here and another begun, well below what clients accept. */
const RESPONSES_BYTES_MAX = 1 << 20;

export type BinaryOptions = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly requests: GroupClientPort;
  /** What clients are told of the cluster. */
  readonly clusterInfo: () => ClusterInfo;
  /** Absent: frames are all that is spoken. */
  readonly texts?: TextProtocols;
  /** Null or absent: anybody may speak, in plain text. */
  readonly security?: NodeSecurity | null;
  /** A client that has not shown who it is by then is closed. */
  readonly authWithinMs?: number | undefined;
  /** Others than usual. */
  readonly limits?: Partial<ClientLimits> | undefined;
  readonly log: Log;
  /** Where requests are counted that a connection has too many of. */
  readonly refusals?: RefusalCounts;
  /** Called once after the requests of one chunk: the time to schedule a pump. */
  readonly onBurst: () => void;
  /** A bug of ours came up while a request was handled. */
  readonly onFatal: (error: unknown) => void;
};

/** A client that has not closed its side by then, after the last reply, is cut off. */
const END_WITHIN_MS = 100;
/** How long who was refused has to read why. */
const REFUSED_LINGER_MS = 1000;

const NO_BYTES: Uint8Array = new Uint8Array(0);
/**
 * The client port: frames of requests in, frames of replies out (wire/client.ts). All replies of a
 * group and turn to one connection leave as one frame, and all frames in one write. Nothing is allocated per
 * operation.
 *
 * A connection that begins as text speaks RESP or JSON instead (text-side.ts).
 */
export class BinaryServer {
  readonly #options: BinaryOptions;
  readonly #server: TCPSocketListener<Connection>;
  readonly #connections = new Map<number, Connection>();
  readonly #dirty: Connection[] = [];
  /** Null: nobody is a stranger. */
  readonly #gate: Gate<Connection> | null;
  readonly #limits: ClientLimits;
  readonly #unfinished: Unfinished<Connection>;
  /** Whose requests are being read, and from what. */
  #current: Connection | null = null;
  #body: Uint8Array = new Uint8Array(0);
  #group = 0;
  /** The connection of the last reply: replies to one connection come in runs. */
  #replyTo: Connection | null = null;
  /** 0 is not a connection of this server: the HTTP server uses it. */
  #nextId = 1;
  #stopped = false;

  /** Listens at once; throws when the port cannot be had. */
  constructor(options: BinaryOptions) {
    this.#options = options;
    const { security = null, authWithinMs } = options;
    this.#limits = clientLimits(options.limits);
    this.#unfinished = new Unfinished(
      this.#limits.unfinishedMs,
      () => performance.now(),
      (one, reason) => this.#close(one, reason),
    );
    this.#gate =
      security && new Gate(security, authWithinMs, (one, reason) => this.#close(one, reason));
    this.#server = Bun.listen<Connection>({
      hostname: options.host,
      port: options.port,
      // Who pipes text in ends it before the answers are there.
      allowHalfOpen: true,
      ...(this.#gate && { tls: this.#gate.tls }),
      socket: {
        binaryType: "uint8array",
        open: (socket) => this.#onOpen(socket),
        handshake: (socket, isDone, error) =>
          this.#gate?.shaken(socket.data, socket, isDone, error),
        data: (socket, chunk) => this.#onData(socket.data, chunk),
        drain: (socket) => this.#write(socket.data),
        end: (socket) => this.#onEnd(socket.data),
        close: (socket) => this.#close(socket.data, this.#whyGone(socket.data)),
        error: (socket, error) => this.#close(socket.data, error.message),
      },
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** Queues one reply until `flush`. A client that is gone gets none. */
  reply(group: number, client: number, requestId: number, reply: Reply): void {
    let connection = this.#replyTo;
    if (connection === null || connection.id !== client) {
      connection = this.#connections.get(client) ?? null;
      if (connection === null) return;
      this.#replyTo = connection;
    }
    if (connection.text !== null) return connection.text.protocol.reply(requestId, reply);
    connection.unanswered--;
    this.#queue(connection, group, requestId, reply);
  }

  /** One write per connection that was replied to. */
  flush(): void {
    for (let i = 0; i < this.#dirty.length; i++) {
      const connection = this.#dirty[i]!;
      connection.dirty = false;
      this.#write(connection);
    }
    this.#dirty.length = 0;
  }

  /** Takes nothing more; each connection ends in order, so that its last replies arrive, or is cut. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#server.stop();
    for (const connection of [...this.#connections.values()]) {
      this.#write(connection);
      connection.socket.end();
    }
    const cutAt = performance.now() + END_WITHIN_MS;
    while (this.#connections.size > 0 && performance.now() < cutAt) await Bun.sleep(1);
    for (const connection of [...this.#connections.values()]) this.#close(connection, null);
    this.#unfinished.stop();
    this.#server.stop(true);
  }

  #onOpen(socket: Socket<Connection>): void {
    const connection: Connection = {
      id: this.#nextId++,
      socket,
      from: this.#gate === null ? undefined : socket.remoteAddress,
      reader: new FrameReader(),
      onFrame: (frame) => this.#onFrame(connection, frame),
      first: this.#options.texts === undefined && this.#gate === null ? null : NO_BYTES,
      text: null,
      out: new FrameWriter(this.#limits.pendingBytesMax),
      frameStart: -1,
      frameGroup: 0,
      unanswered: 0,
      dirty: false,
      closed: false,
    };
    socket.data = connection;
    socket.setNoDelay(true);
    this.#connections.set(connection.id, connection);
    this.#gate?.arrived(connection);
    const { connectionsMax, keepAliveMs } = this.#limits;
    socket.setKeepAlive(true, keepAliveMs);
    if (this.#connections.size > connectionsMax) {
      this.#close(connection, `more than ${connectionsMax} client connections`);
    }
  }

  #onData(connection: Connection, chunk: Uint8Array): void {
    if (connection.closed || this.#stopped) return;
    this.#current = connection;
    try {
      const bytes = connection.first === null ? chunk : this.#begin(connection, chunk);
      if (connection.text !== null) connection.text.receive(bytes);
      else connection.reader.push(bytes, connection.onFrame);
      if (!connection.closed)
        this.#unfinished.heard(connection, chunk.length, waitingBytes(connection));
    } catch (error) {
      // Bun would hand the error to the error handler and leave the socket open.
      if (error instanceof WireError) this.#refuseBytes(connection, error.message);
      else this.#options.onFatal(error);
    }
    this.#options.onBurst();
  }

  /** Takes first bytes, and returns those that are to be read now: none while it is not clear what is spoken. */
  #begin(connection: Connection, chunk: Uint8Array): Uint8Array {
    const before = connection.first!;
    const bytes = before.length === 0 ? chunk : new Uint8Array(Buffer.concat([before, chunk]));
    if (this.#gate?.isStranger(connection) === true && !this.#admits(this.#gate, connection, bytes))
      return NO_BYTES;
    const protocol = protocolOf(bytes, bytes.length);
    connection.first = protocol === null ? bytes : null;
    if (protocol === null) return NO_BYTES;
    if (protocol !== "binary" && this.#options.texts !== undefined) {
      const link = this.#link(connection);
      connection.text = new TextSide(link, connection.socket, this.#options.texts(protocol, link));
    }
    return bytes;
  }

  /** Whether they show who the client is. Else they wait for more, or it is refused. */
  #admits(gate: Gate<Connection>, connection: Connection, bytes: Uint8Array): boolean {
    const verdict = gate.judge(connection, bytes);
    if (verdict.kind === "admit") return true;
    connection.first = verdict.kind === "wait" ? bytes : NO_BYTES;
    if (verdict.kind === "refuse") this.#refuse(connection, verdict.answer, verdict.reason);
    return false;
  }

  /** Closes in order after a few bytes, which any socket buffer holds. */
  #refuse(connection: Connection, answer: Uint8Array, reason: string): void {
    const { socket } = connection;
    this.#forget(connection, reason);
    socket.write(answer, 0, answer.length);
    socket.shutdown();
    setTimeout(() => socket.terminate(), REFUSED_LINGER_MS).unref();
  }

  /** Says what is wrong with what came, unless the client does not read what it was told before. */
  #refuseBytes(connection: Connection, reason: string): void {
    this.#write(connection);
    if (connection.closed) return;
    if (connection.out.pendingBytes > 0) return this.#close(connection, reason);
    const w = new ByteWriter(64);
    writeAuthReply(w, { refusal: reason });
    this.#refuse(connection, w.written(), reason);
  }

  /** A token again, or one that nobody asked for. */
  #onAuth(connection: Connection, body: Uint8Array): void {
    const token = readAuth(body);
    const tokens = this.#options.security?.tokens ?? null;
    const isRight = tokens === null || tokens.accepts(token);
    const w = new ByteWriter(64);
    writeAuthReply(w, { refusal: isRight ? null : "the token is not right" });
    if (!isRight) return this.#refuse(connection, w.written(), "the token is not right");
    this.#seal(connection);
    const { out } = connection;
    const start = out.bytes.offset;
    out.bytes.bytes(w.written());
    if (out.keep(start)) this.#write(connection);
  }

  #link(connection: Connection): TextLink {
    const { requests, onBurst, onFatal } = this.#options;
    const markDirty = (): void => this.#markDirty(connection);
    return {
      out: connection.out,
      id: connection.id,
      request: (group, requestId, bytes, view, end) =>
        requests.request(group, connection.id, requestId, bytes, view, 0, end),
      markDirty,
      refused: (reason) => this.#logClosed(connection, reason),
      wake: () => {
        markDirty();
        onBurst();
      },
      onFatal,
    };
  }

  #onEnd(connection: Connection): void {
    if (connection.text === null) this.#close(connection, this.#whyGone(connection));
    else connection.text.end();
  }

  /** Worth a line of a stranger only. */
  #whyGone(connection: Connection): string | null {
    const isStranger = this.#gate?.isStranger(connection) === true;
    return isStranger ? "it has gone without showing who it is" : null;
  }

  #onFrame(connection: Connection, frame: Frame): void {
    if (connection.closed) return;
    if (frame.kind === KIND.clusterRequest) return this.#describe(connection);
    if (frame.kind === KIND.auth) return this.#onAuth(connection, frame.body);
    if (frame.kind !== KIND.clientRequests) {
      throw new WireError(`kind ${frame.kind} on the client port`);
    }
    this.#body = frame.body;
    this.#group = frame.group;
    eachRequest(frame.body, this.#onRequest);
  }

  readonly #onRequest = (view: DataView, requestId: number, at: number, end: number): void => {
    const connection = this.#current!;
    if (connection.unanswered >= REQUESTS_PER_CONNECTION_MAX) {
      if (this.#options.refusals !== undefined) this.#options.refusals.connection++;
      this.#queue(connection, this.#group, requestId, OVERLOADED);
      return;
    }
    connection.unanswered++;
    const { requests } = this.#options;
    requests.request(this.#group, connection.id, requestId, this.#body, view, at, end);
  };

  #queue(connection: Connection, group: number, requestId: number, reply: Reply): void {
    if (connection.closed) return;
    if (connection.frameGroup !== group) {
      this.#seal(connection);
      if (connection.closed) return;
      connection.frameGroup = group;
    }
    const w = connection.out.bytes;
    if (connection.frameStart < 0) {
      connection.frameStart = beginFrame(w, KIND.clientResponses, group);
    }
    writeResponse(w, requestId, reply);
    this.#markDirty(connection);
    if (w.offset - connection.frameStart >= RESPONSES_BYTES_MAX) this.#seal(connection);
  }

  #describe(connection: Connection): void {
    this.#seal(connection);
    if (connection.closed) return;
    const { out } = connection;
    const start = out.bytes.offset;
    writeClusterInfo(out.bytes, this.#options.clusterInfo());
    if (out.keep(start)) this.#write(connection);
    else this.#closeUnread(connection);
  }

  #markDirty(connection: Connection): void {
    if (connection.dirty) return;
    connection.dirty = true;
    this.#dirty.push(connection);
  }

  /** Ends the open frame of replies, so that the bytes may leave. */
  #seal(connection: Connection): void {
    const { out, frameStart } = connection;
    if (frameStart < 0) return;
    endFrame(out.bytes, frameStart);
    connection.frameStart = -1;
    if (!out.keep(frameStart)) this.#closeUnread(connection);
  }

  #closeUnread(connection: Connection): void {
    const { pendingBytes } = connection.out;
    this.#close(connection, `the client leaves ${pendingBytes} bytes of replies unread`);
  }

  #write(connection: Connection): void {
    if (connection.closed) return;
    this.#seal(connection);
    if (connection.closed) return;
    if (!connection.out.flush(connection.socket)) this.#close(connection, null);
    else connection.text?.written();
  }

  /** `reason`: null when it is nothing worth a line, such as the client's own close. */
  #close(connection: Connection, reason: string | null): void {
    if (connection.closed) return;
    this.#forget(connection, reason);
    connection.socket.terminate();
  }

  #forget(connection: Connection, reason: string | null): void {
    connection.closed = true;
    this.#gate?.left(connection);
    this.#unfinished.left(connection);
    connection.text?.closed();
    this.#connections.delete(connection.id);
    if (this.#replyTo === connection) this.#replyTo = null;
    if (reason !== null) this.#logClosed(connection, reason);
  }

  #logClosed(connection: Connection, reason: string): void {
    const from = connection.from ?? connection.socket.remoteAddress;
    const fields = { event: "clientClosed", from, reason };
    this.#options.log.warn(fields, "closed a client connection");
  }
}
