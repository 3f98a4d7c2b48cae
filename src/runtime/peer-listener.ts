import type { Socket, TCPSocketListener } from "bun";
import { NO_NODE, type NodeId } from "../lib/ids.ts";
import type { Message } from "../raft/types.ts";
import { AUTH_WITHIN_MS, type NodeSecurity, whyNotNode } from "../security/node-security.ts";
import { certifiedNames, tlsFailure, tlsOfServer } from "../security/server-tls.ts";
import { isBeats, readAlive, readBeats } from "../wire/beats-codec.ts";
import { ByteWriter, WireError } from "../wire/bytes.ts";
import { FRAME_BYTES_MAX, type Frame, FrameReader } from "../wire/frame.ts";
import {
  HANDSHAKE_FRAME_BYTES_MAX,
  readHandshake,
  writeHandshakeReply,
} from "../wire/handshake.ts";
import { KIND } from "../wire/kinds.ts";
import { readMessage } from "../wire/raft-codec.ts";
import { agreedVersion, apartText, WIRE_VERSIONS, type WireVersions } from "../wire/versions.ts";
import type { Log } from "./logging.ts";
import { countMessage, type PeerTraffic } from "./peer-traffic.ts";

/** Connections that have not shaken hands; more are closed at once. */
const STRANGERS_MAX = 64;

export type ListenerOptions = {
  readonly clusterId: string;
  readonly self: NodeId;
  /** Default: what this build speaks. */
  readonly versions?: WireVersions | undefined;
  /** Who may connect, now. */
  readonly peers: () => readonly NodeId[];
  /** Counts what a peer sends. */
  readonly trafficOf: (peer: NodeId) => PeerTraffic;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Null or absent: whoever says that he is a peer is believed. */
  readonly security?: NodeSecurity | null;
  /** A connection that has not shaken hands by then is closed. */
  readonly authWithinMs?: number | undefined;
  readonly log: Log;
  /** A message of a group, which this node may not host. */
  readonly onMessage: (group: number, message: Message) => void;
  /** A peer tells that it lives, and the number of its process. */
  readonly onAlive: (peer: NodeId, boot: number) => void;
  /** A peer has shaken hands. */
  readonly onPeer: (peer: NodeId) => void;
  /** The connection of a peer broke, and was not of our own closing: its process ended, most likely. */
  readonly onLost: (peer: NodeId) => void;
  /** Called once after the messages of one chunk, if there were any: the time to schedule a pump. */
  readonly onBurst: () => void;
  /** A bug of ours came up while a message was handled. */
  readonly onFatal: (error: unknown) => void;
};

type Inbound = {
  readonly socket: Socket<Inbound>;
  /** Where it came from: the socket has forgotten it when TLS has failed. */
  readonly from: string;
  readonly reader: FrameReader;
  readonly onFrame: (frame: Frame) => void;
  /** Whom its certificate names; undefined: it has shown none. */
  certified: string | undefined;
  /** NO_NODE until the handshake is through. */
  peer: NodeId;
  /** Null until then. */
  traffic: PeerTraffic | null;
  deadline: ReturnType<typeof setTimeout> | null;
  closed: boolean;
};

/** `version`: of the protocol, if nothing is refused. */
type Judgement = {
  readonly peer: NodeId;
  readonly refusal: string | null;
  readonly version: number;
};

/** Accepts the connections on which peers send to this node. Throws when the port cannot be had. */
export class PeerListener {
  readonly #options: ListenerOptions;
  readonly #server: TCPSocketListener<Inbound>;
  readonly #strangers = new Set<Inbound>();
  /** In the chunk at hand. */
  #hasMessages = false;
  /** The newest connection of each peer: a restarted peer replaces its old one. */
  readonly #byPeer = new Map<NodeId, Inbound>();
  /** Why a peer was refused last: it tries again for ever, and is told of once. */
  readonly #refused = new Map<NodeId, string>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { security = null } = options;
    this.#server = Bun.listen<Inbound>({
      hostname: options.host,
      port: options.port,
      ...(security && { tls: tlsOfServer(security, "must") }),
      socket: {
        binaryType: "uint8array",
        open: (socket) => this.#onOpen(socket),
        handshake: (socket, isDone, error) => {
          if (!isDone || error !== null) this.#close(socket.data, tlsFailure(error));
          else socket.data.certified = certifiedNames(socket);
        },
        data: (socket, chunk) => this.#onData(socket.data, chunk),
        close: (socket) => this.#onBroken(socket.data, this.#whyGone(socket.data)),
        error: (socket, error) => this.#onBroken(socket.data, error.message),
      },
    });
  }

  get port(): number {
    return this.#server.port;
  }

  stop(): void {
    for (const inbound of [...this.#strangers, ...this.#byPeer.values()])
      this.#close(inbound, null);
    this.#server.stop(true);
  }

  /** Worth a line where certificates are asked for, and of a stranger only. */
  #whyGone(inbound: Inbound): string | null {
    const { security = null } = this.#options;
    const isStranger = security !== null && this.#strangers.has(inbound);
    return isStranger ? "it has gone without a handshake" : null;
  }

  #onOpen(socket: Socket<Inbound>): void {
    const { authWithinMs = AUTH_WITHIN_MS } = this.#options;
    const inbound: Inbound = {
      socket,
      from: socket.remoteAddress,
      reader: new FrameReader(HANDSHAKE_FRAME_BYTES_MAX),
      onFrame: (frame) => this.#onFrame(inbound, frame),
      certified: undefined,
      peer: NO_NODE,
      traffic: null,
      deadline: setTimeout(() => {
        this.#close(inbound, `no handshake within ${authWithinMs} ms`);
      }, authWithinMs),
      closed: false,
    };
    socket.data = inbound;
    this.#strangers.add(inbound);
    if (this.#strangers.size > STRANGERS_MAX) {
      this.#close(inbound, `more than ${STRANGERS_MAX} connections without a handshake`);
    }
  }

  #onData(inbound: Inbound, chunk: Uint8Array): void {
    if (inbound.closed) return;
    inbound.traffic?.heard(chunk.length);
    try {
      inbound.reader.push(chunk, inbound.onFrame);
    } catch (error) {
      // Bun would hand the error to the error handler and leave the socket open.
      if (error instanceof WireError) this.#close(inbound, error.message);
      else this.#options.onFatal(error);
    }
    if (!this.#hasMessages) return;
    this.#hasMessages = false;
    this.#options.onBurst();
  }

  #onFrame(inbound: Inbound, frame: Frame): void {
    if (inbound.closed) return;
    if (inbound.traffic === null) this.#onHandshake(inbound, frame);
    else this.#onPeerFrame(inbound.peer, inbound.traffic, frame);
  }

  #onPeerFrame(peer: NodeId, traffic: PeerTraffic, frame: Frame): void {
    const { self, onMessage, onAlive } = this.#options;
    if (frame.kind === KIND.alive) return onAlive(peer, readAlive(frame));
    this.#hasMessages = true;
    if (!isBeats(frame)) {
      const message = readMessage(frame, self, peer);
      count(traffic, frame.group, message);
      return onMessage(frame.group, message);
    }
    for (const { group, message } of readBeats(frame, self, peer)) {
      count(traffic, group, message);
      onMessage(group, message);
    }
  }

  #onHandshake(inbound: Inbound, frame: Frame): void {
    const { onPeer } = this.#options;
    if (frame.kind !== KIND.handshake) {
      throw new WireError(`kind ${frame.kind} as the first frame, not a handshake`);
    }
    const { peer, refusal, version } = this.#judge(frame, inbound.certified);
    const reply = new ByteWriter(64);
    writeHandshakeReply(reply, { refusal, version });
    inbound.socket.write(reply.written());
    if (refusal !== null) {
      this.#refuse(inbound, peer, refusal);
      return;
    }
    this.#refused.delete(peer);
    const old = this.#byPeer.get(peer);
    if (old !== undefined) this.#close(old, null);
    this.#settle(inbound);
    inbound.peer = peer;
    inbound.traffic = this.#options.trafficOf(peer);
    inbound.reader.bytesMax = FRAME_BYTES_MAX;
    this.#byPeer.set(peer, inbound);
    onPeer(peer);
  }

  #judge(frame: Frame, certified: string | undefined): Judgement {
    const { clusterId, self, peers, security = null, versions = WIRE_VERSIONS } = this.#options;
    try {
      const shake = readHandshake(frame.body);
      const peer = shake.from;
      const refused = (refusal: string): Judgement => ({ peer, refusal, version: 1 });
      const other = security && whyNotNode(certified, clusterId, peer);
      // First of all: who is not who he says learns nothing of this cluster.
      if (other !== null) return { peer: NO_NODE, refusal: other, version: 1 };
      if (shake.clusterId !== clusterId) {
        return refused(`this is cluster "${clusterId}", not "${shake.clusterId}"`);
      }
      if (shake.to !== self) return refused(`this is node ${self}, not ${shake.to}`);
      if (!peers().includes(peer)) return refused(`node ${peer} is not a peer of node ${self}`);
      const version = agreedVersion(versions, shake.versions);
      if (version !== null) return { peer, refusal: null, version };
      return refused(apartText({ id: peer, wire: shake.versions }, { id: self, wire: versions }));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return { peer: NO_NODE, refusal: error.message, version: 1 };
    }
  }

  /** Closes in order, after the few bytes of the reply, which any socket buffer holds. */
  #refuse(inbound: Inbound, peer: NodeId, reason: string): void {
    this.#forget(inbound);
    if (peer === NO_NODE || this.#refused.get(peer) !== reason) this.#logClosed(inbound, reason);
    this.#refused.set(peer, reason);
    inbound.socket.end();
  }

  #onBroken(inbound: Inbound, reason: string | null): void {
    // Not one that we closed, nor one in whose place the peer has a newer one.
    const isLost = this.#byPeer.get(inbound.peer) === inbound;
    this.#close(inbound, reason);
    if (isLost) this.#options.onLost(inbound.peer);
  }

  /** `reason`: null when it is nothing worth a line, such as the peer's own close. */
  #close(inbound: Inbound, reason: string | null): void {
    if (inbound.closed) return;
    this.#forget(inbound);
    if (reason !== null) this.#logClosed(inbound, reason);
    inbound.socket.terminate();
  }

  #forget(inbound: Inbound): void {
    inbound.closed = true;
    this.#settle(inbound);
    if (this.#byPeer.get(inbound.peer) === inbound) this.#byPeer.delete(inbound.peer);
  }

  /** It is a stranger no longer. */
  #settle(inbound: Inbound): void {
    if (inbound.deadline !== null) clearTimeout(inbound.deadline);
    inbound.deadline = null;
    this.#strangers.delete(inbound);
  }

  #logClosed(inbound: Inbound, reason: string): void {
    const fields = { event: "peerClosed", peer: inbound.peer, from: inbound.from };
    this.#options.log.warn({ ...fields, reason }, "closed a peer connection");
  }
}

function count(traffic: PeerTraffic, group: number, message: Message): void {
  countMessage(traffic.received, message);
  if (message.kind === "heartbeatResponse") traffic.timed(group, message);
}
