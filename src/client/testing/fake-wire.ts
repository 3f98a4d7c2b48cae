import { type Command, OP_GET, OP_PUT, type OpCode } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import type { Response } from "../../wire/client.ts";
import { STATUS, type StatusName } from "../../wire/errors.ts";
import { Clerk } from "../clerk.ts";
import type { ClerkOptions, Completion } from "../ports.ts";

/** A request as it went out. */
export type Sent = {
  readonly node: number;
  readonly lane: number;
  readonly requestId: number;
  readonly command: Command;
};
export type Ended = Readonly<Completion> & { readonly slot: number };
export type Answer = {
  readonly hint?: number;
  readonly version?: number;
  readonly index?: number;
  readonly value?: string;
};

const utf8 = new TextEncoder();

/** A clerk over a wire on which the test plays the servers; node i has the id 10 + i. */
export class FakeWire {
  readonly clerk: Clerk;
  /** Not answered yet, in order. */
  readonly sent: Sent[] = [];
  readonly ended: Ended[] = [];
  /** Nodes that are not connected. */
  readonly down = new Set<number>();
  now = 1000;
  onEnd: (ended: Ended) => void = () => {};

  constructor(options: Partial<ClerkOptions> = {}) {
    const full: ClerkOptions = {
      slots: 4,
      nodeIds: [10, 11, 12],
      lanes: 1,
      timeoutMs: 5000,
      attemptTimeoutMs: 500,
      homeShare: 0,
      prng: new Prng(1),
      ...options,
    };
    this.clerk = new Clerk(full, {
      send: (node, lane, requestId, command) => {
        if (this.down.has(node)) return false;
        this.sent.push({ node, lane, requestId, command: { ...command } });
        return true;
      },
      onDone: (slot, done) => {
        const ended = { ...done, slot };
        this.ended.push(ended);
        this.onEnd(ended);
      },
    });
  }

  start(slot: number, op: OpCode, { flags = 0, expected = 0, value = "" } = {}): void {
    this.clerk.start(slot, op, flags, expected, utf8.encode("k"), utf8.encode(value), this.now);
  }

  put = (slot = 0): void => this.start(slot, OP_PUT, { value: "v" });
  get = (slot = 0): void => this.start(slot, OP_GET);

  /** Takes the one request that is out. */
  take(): Sent {
    if (this.sent.length !== 1) throw new Error(`${this.sent.length} requests are out, not 1`);
    return this.sent.pop()!;
  }

  answer(to: Sent, status: StatusName, answer: Answer = {}): void {
    const body = utf8.encode(answer.value ?? "");
    const response: Response = {
      requestId: to.requestId,
      status: STATUS[status].code,
      leaderHint: answer.hint ?? 0,
      version: answer.version ?? 0,
      index: answer.index ?? 0,
      valueAt: 0,
      valueBytes: body.length,
    };
    this.clerk.onResponse(to.node, response, body, this.now);
  }

  /** Lets time pass until something is sent, but no longer than `ms`. */
  untilSent(ms = 100): Sent {
    const until = this.now + ms;
    while (this.sent.length === 0 && this.clerk.deadline() <= until) this.toDeadline();
    return this.take();
  }

  /** Lets `ms` pass. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (this.clerk.deadline() <= until) this.toDeadline();
    this.now = until;
  }

  toDeadline(): void {
    this.now = Math.max(this.now, this.clerk.deadline());
    this.clerk.tick(this.now);
  }

  /** Does a first put, so that slot 0 has a session (`index`) and node 0 is the known leader. */
  withSession(index = 77): void {
    this.put();
    this.answer(this.take(), "ok", { index });
    this.answer(this.take(), "ok", { version: 1, index: index + 1 });
    this.ended.length = 0;
  }
}
