import type { Socket } from "bun";
import { AssertionError } from "../lib/assert.ts";
import type { GroupId, NodeId } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Message } from "../raft/types.ts";
import { tlsToNode } from "../security/credentials.ts";
import { type NodeSecurity, whyNotNode } from "../security/node-security.ts";
import { certifiedNames, tlsFailure } from "../security/server-tls.ts";
import { type Beat, writeAlive, writeBeats } from "../wire/beats-codec.ts";
import { WireError } from "../wire/bytes.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import {
  HANDSHAKE_FRAME_BYTES_MAX,
  readHandshakeReply,
  writeHandshake,
} from "../wire/handshake.ts";
import { KIND } from "../wire/kinds.ts";
import { writeMessage } from "../wire/raft-codec.ts";
import { versionsText, WIRE_VERSIONS, type WireVersions } from "../wire/versions.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { Log } from "./logging.ts";
import { countMessage, type PeerTraffic } from "./peer-traffic.ts";

export const BACKOFF_MIN_MS = 20;
export const BACKOFF_MAX_MS = 1000;
/** Connecting and the handshake together; then the attempt is given up. */
const HANDSHAKE_WITHIN_MS = 1000;
/**
 * Outbound bytes to one peer; beyond it whole frames are dropped. Two windows of the core: what is
 * sent again after a loss may queue behind what was sent before, and it is memory of the leader.
 */
const PENDING_BYTES_MAX = 4 << 20;

export type LinkOptions = {
  readonly clusterId: string;
  readonly self: NodeId;
  readonly peer: NodeId;
  /** Default: what this build speaks. */
  readonly versions?: WireVersions | undefined;
  readonly host: string;
  readonly port: number;
  /** Counts what is sent. */
  readonly traffic: PeerTraffic;
  /** Null or absent: in plain text, to whoever listens there. */
  readonly security?: NodeSecurity | null;
  readonly random: Prng;
  readonly log: Log;
  /** Messages to `peer` were lost: the core must probe it. Never called from within `send`. */
  readonly onUnreachable: (peer: NodeId) => void;
  /** A bug of ours came up in a callback of the socket. */
  readonly onFatal: (error: unknown) => void;
};

/**
 * The connection on which this node sends to one peer. Dials for as long as the node runs, with a
 * capped backoff; while it is down, messages are dropped, which Raft tolerates.
 */
export class PeerLink {
  readonly #options: LinkOptions;
  readonly #out = new FrameWriter(PENDING_BYTES_MAX, 64 << 10);
  #state: "waiting" | "dialing" | "up" | "stopped" = "waiting";
  /** Counts the attempts to connect: callbacks of an earlier one are void. */
  #attempt = 0;
  #socket: Socket | null = null;
  #reader = new FrameReader(HANDSHAKE_FRAME_BYTES_MAX);
  #timer: ReturnType<typeof setTimeout> | null = null;
  #backoffMs = BACKOFF_MIN_MS;
  #dropped = false;
  /** Of all groups, since the last flush. */
  readonly #heartbeats: Beat[] = [];
  readonly #responses: Beat[] = [];
  /** One report per time that the link is down or full, so that reports cannot chase themselves. */
  #reported = false;
  #loggedReason = "";
  #version: number | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#dial();
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Of the peer protocol, as it was agreed on last; null: it never was. */
  get version(): number | null {
    return this.#version;
  }

  /** Queues one message until `flush`, or drops it. */
  send(group: GroupId, message: Message): void {
    if (this.#state !== "up") {
      this.#dropped = true;
      this.#options.traffic.droppedMessages++;
      return;
    }
    if (message.kind === "heartbeat") {
      this.#options.traffic.time(group, message);
      this.#heartbeats.push({ group, message });
    } else if (message.kind === "heartbeatResponse") this.#responses.push({ group, message });
    else this.#queue(group, message);
  }

  #queue(group: number, message: Message): void {
    const start = this.#out.bytes.offset;
    writeMessage(this.#out.bytes, message, group);
    const { traffic } = this.#options;
    if (this.#keep(start)) countMessage(traffic.sent, message);
    else traffic.droppedMessages++;
  }

  /** Tells the peer that this node lives, in its process of that number; not if it is away. */
  tellAlive(boot: number): void {
    if (this.#state !== "up") return;
    const start = this.#out.bytes.offset;
    writeAlive(this.#out.bytes, boot);
    this.#keep(start);
  }

  /** Writes what `send` queued, and says whether the peer missed some of it. */
  flush(): void {
    this.#takeBeats(this.#heartbeats);
    this.#takeBeats(this.#responses);
    if (this.#state === "up" && this.#out.pendingBytes > 0) this.#send();
    if (this.#dropped && !this.#reported) this.#reportUnreachable();
    this.#dropped = false;
  }

  /** Those of all groups that beat in this turn are one frame; one alone is as it always was. */
  #takeBeats(beats: Beat[]): void {
    const first = beats[0];
    if (first === undefined) return;
    if (beats.length === 1) {
      this.#queue(first.group, first.message);
    } else {
      const start = this.#out.bytes.offset;
      writeBeats(this.#out.bytes, beats);
      const { traffic } = this.#options;
      if (!this.#keep(start)) traffic.droppedMessages += beats.length;
      else if (first.message.kind === "heartbeat") traffic.sent.heartbeats += beats.length;
      else traffic.sent.heartbeatReplies += beats.length;
    }
    beats.length = 0;
  }

  /** Queues the frame that was encoded from `start` on, or drops it. */
  #keep(start: number): boolean {
    const isKept = this.#out.keep(start);
    if (!isKept) this.#dropped = true;
    return isKept;
  }

  /** The peer has just shown that it lives: dials it at once instead of after the backoff. */
  wake(): void {
    this.#backoffMs = BACKOFF_MIN_MS;
    if (this.#state === "waiting") this.#dial();
  }

  stop(): void {
    this.#disconnect();
    this.#state = "stopped";
  }

  #dial(): void {
    this.#disconnect();
    this.#state = "dialing";
    const attempt = this.#attempt;
    const { host, port, security = null } = this.#options;
    const stale = (): boolean => attempt !== this.#attempt;
    this.#timer = setTimeout(() => {
      this.#lost(`no handshake reply within ${HANDSHAKE_WITHIN_MS} ms`);
    }, HANDSHAKE_WITHIN_MS);
    Bun.connect({
      hostname: host,
      port,
      ...(security && { tls: tlsToNode(security.credentials) }),
      socket: {
        binaryType: "uint8array",
        open: (socket) => {
          if (stale()) socket.terminate();
          else if (security === null) this.#onOpen(socket);
          else this.#socket = socket;
        },
        handshake: (socket, isDone, error) => {
          if (stale()) return;
          if (!isDone || error !== null) return this.#lost(tlsFailure(error));
          this.#onCertificate(socket);
        },
        data: (_socket, chunk) => {
          if (!stale()) this.#onData(chunk);
        },
        drain: () => {
          if (!stale()) this.#send();
        },
        close: () => {
          if (!stale()) this.#lost("the peer closed the connection");
        },
        error: (_socket, error) => {
          if (error instanceof AssertionError) this.#options.onFatal(error);
          else if (!stale()) this.#lost(error.message);
        },
      },
    }).catch((error: Error) => {
      if (!stale()) this.#lost(error.message);
    });
  }

  /** Of the other side, signed by our authority: it must be that of the peer that is meant. */
  #onCertificate(socket: Socket): void {
    const { clusterId, peer } = this.#options;
    const other = whyNotNode(certifiedNames(socket), clusterId, peer);
    if (other === null) this.#onOpen(socket);
    else this.#lost(other);
  }

  #onOpen(socket: Socket): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.#reader = new FrameReader(HANDSHAKE_FRAME_BYTES_MAX);
    const { clusterId, self, peer, versions = WIRE_VERSIONS } = this.#options;
    writeHandshake(this.#out.bytes, { versions, clusterId, from: self, to: peer });
    this.#send();
  }

  #onData(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk, (frame) => this.#onReply(frame));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#lost(error.message);
    }
  }

  #onReply(frame: Frame): void {
    if (this.#state !== "dialing") throw new WireError("bytes after the handshake reply");
    if (frame.kind !== KIND.handshakeReply) throw new WireError(`kind ${frame.kind} as a reply`);
    const { versions = WIRE_VERSIONS, log, peer } = this.#options;
    const { refusal, version = 1 } = readHandshakeReply(frame.body);
    if (refusal !== null) {
      this.#lost(`refused: ${refusal}`);
      return;
    }
    if (version < versions.lowest || version > versions.highest) {
      return this.#lost(`it chose version ${version}, this node speaks ${versionsText(versions)}`);
    }
    this.#version = version;
    this.#clearTimer();
    this.#state = "up";
    this.#backoffMs = BACKOFF_MIN_MS;
    this.#reported = false;
    this.#loggedReason = "";
    log.info({ event: "peerConnected", peer, wireVersion: version }, "sending to the peer");
  }

  #send(): void {
    if (this.#socket === null) return;
    const before = this.#out.pendingBytes;
    if (!this.#out.flush(this.#socket)) return this.#lost("the socket is closed");
    this.#options.traffic.sentBytes += before - this.#out.pendingBytes;
    if (this.#out.pendingBytes === 0) this.#reported = false;
  }

  /** The attempt or the connection has failed: logs why, once, and dials again after a pause. */
  #lost(reason: string): void {
    const { log, peer, random } = this.#options;
    const wasUp = this.#state === "up";
    this.#disconnect();
    this.#state = "waiting";
    if (reason !== this.#loggedReason) {
      const event = wasUp ? "peerLost" : "peerUnreachable";
      log.warn({ event, peer, reason }, wasUp ? "lost the peer" : "cannot reach the peer");
      this.#loggedReason = reason;
    }
    const pauseMs = Math.ceil(this.#backoffMs * (0.5 + random.float() / 2));
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS);
    this.#timer = setTimeout(() => this.#dial(), pauseMs);
    if (wasUp) this.#reportUnreachable();
  }

  #reportUnreachable(): void {
    this.#reported = true;
    this.#options.onUnreachable(this.#options.peer);
  }

  #disconnect(): void {
    this.#attempt++;
    this.#clearTimer();
    this.#socket?.terminate();
    this.#socket = null;
    this.#out.clear();
    this.#heartbeats.length = this.#responses.length = 0;
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
