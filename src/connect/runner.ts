import { type Completion, DONE_FAIL } from "../client/ports.ts";
import type { Credentials } from "../security/credentials.ts";
import { STATUS } from "../wire/errors.ts";
import { OperationFailedError } from "./errors.ts";
import { type Address, addressText, discover } from "./discover.ts";
import { Link, type Operation } from "./link.ts";
import type { ClusterView } from "./types.ts";

/** Operations that wait for a slot; a further one is refused. */
const WAITING_MAX = 10_000;
/** Who the nodes are is asked again no more often than this, after a connection was lost or time ran out. */
const REDISCOVER_MS_MIN = 1000;
/** And as often as this while there is anything to do: nodes that joined have nothing to lose. */
const REDISCOVER_MS = 30_000;
const DISCOVER_WITHIN_MS = 2000;

export type RunnerOptions = {
  readonly seeds: readonly Address[];
  readonly view: ClusterView;
  readonly slots: number;
  readonly timeoutMs: number;
  /** Null: in plain text. */
  readonly credentials: Credentials | null;
};

/** What ended an operation that never got a slot. */
const NEVER_STARTED: Completion = {
  ...{ outcome: DONE_FAIL, status: STATUS.timeout.code, version: -1, index: 0 },
  ...{ valueIn: new Uint8Array(0), valueAt: 0, valueBytes: 0 },
};

/** Runs operations: lets them wait for a slot, keeps the time, and follows the cluster as its nodes change. */
export class Runner {
  readonly #options: RunnerOptions;
  #link: Link;
  /** Links to the cluster as it was, with operations that have not ended. */
  #former: Link[] = [];
  #waiting: Operation[] = [];
  /** No waiting operation is overdue before. */
  #waitingDueAt = Infinity;
  #timer: Timer | null = null;
  #timerAt = Infinity;
  #isAsking = false;
  #askedAt = performance.now();
  #isClosed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#link = this.#linkTo(options.view);
  }

  get view(): ClusterView {
    return this.#link.view;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** For the message of an error: whom it could not reach. */
  describe(): string {
    const { nodes } = this.view;
    const list = nodes.map(addressText).join(", ");
    return `${this.#link.connected} of ${nodes.length} nodes connected (${list})`;
  }

  /** Starts the operation or lets it wait. Throws OperationFailedError when too many do. */
  run(operation: Operation): void {
    if (this.#waiting.length >= WAITING_MAX) {
      const message = `${WAITING_MAX} operations wait already: start fewer at a time`;
      throw new OperationFailedError("overloaded", message);
    }
    if (performance.now() - this.#askedAt >= REDISCOVER_MS) this.#rediscover();
    this.#waiting.push(operation);
    this.#waitingDueAt = Math.min(this.#waitingDueAt, operation.deadlineAt);
    this.#pump();
    this.#arm();
  }

  /** Ends the operation now, as far as it has not ended. */
  cancel(operation: Operation): void {
    const at = this.#waiting.indexOf(operation);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      operation.onDone(NEVER_STARTED);
      return;
    }
    for (const link of [this.#link, ...this.#former]) if (link.cancel(operation)) return;
  }

  /** Ends every operation and every connection. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const operation of this.#waiting.splice(0)) operation.onDone(NEVER_STARTED);
    for (const link of [this.#link, ...this.#former]) link.close();
  }

  #linkTo(view: ClusterView): Link {
    const { slots, timeoutMs, credentials } = this.#options;
    return new Link({
      ...{ view, slots, timeoutMs, credentials },
      onFree: () => this.#pump(),
      onInput: () => this.#arm(),
      onLost: () => this.#rediscover(),
    });
  }

  #pump(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      if (!this.#link.start(this.#waiting[0]!)) return;
      this.#waiting.shift();
    }
  }

  #arm(): void {
    let at = Math.min(
      this.#waiting.length > 0 ? this.#waitingDueAt : Infinity,
      this.#link.deadline(),
    );
    for (const link of this.#former) at = Math.min(at, link.deadline());
    if (at >= this.#timerAt || this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = at;
    // Whole milliseconds, for Bun cuts fractions off and would be early.
    this.#timer = setTimeout(this.#tick, Math.max(0, Math.ceil(at - performance.now())));
  }

  readonly #tick = (): void => {
    const now = performance.now();
    this.#timer = null;
    this.#timerAt = Infinity;
    if (now >= this.#waitingDueAt) this.#endOverdue(now);
    for (const link of [this.#link, ...this.#former]) link.tick(now);
    this.#leaveFormer();
    this.#pump();
    this.#arm();
    // A cluster may have moved as a whole: who waits for it need not wait in vain.
    if (this.#link.connected === 0) this.#rediscover();
  };

  #endOverdue(now: number): void {
    const overdue = this.#waiting.filter(({ deadlineAt }) => deadlineAt <= now);
    this.#waiting = this.#waiting.filter(({ deadlineAt }) => deadlineAt > now);
    this.#waitingDueAt = Math.min(Infinity, ...this.#waiting.map(({ deadlineAt }) => deadlineAt));
    for (const operation of overdue) operation.onDone(NEVER_STARTED);
    this.#rediscover();
  }

  /** What a former link has not sent goes out by the one of now; what it has sent is answered there. */
  #leaveFormer(): void {
    for (const link of this.#former) {
      for (const operation of link.withdraw()) {
        this.#waiting.push(operation);
        this.#waitingDueAt = Math.min(this.#waitingDueAt, operation.deadlineAt);
      }
      if (link.busy === 0) link.close();
    }
    this.#former = this.#former.filter(({ busy }) => busy > 0);
  }

  /** Asks who the nodes are now, unless it has just done so. */
  #rediscover(): void {
    if (this.#isAsking || this.#isClosed) return;
    if (performance.now() - this.#askedAt < REDISCOVER_MS_MIN) return;
    this.#isAsking = true;
    void this.#discover().finally(() => {
      this.#isAsking = false;
      this.#askedAt = performance.now();
    });
  }

  async #discover(): Promise<void> {
    const { seeds } = this.#options;
    const known = this.view.nodes.filter((node) => !seeds.some((seed) => isSame(seed, node)));
    const { credentials } = this.#options;
    const all = [...seeds, ...known];
    const found = await discover(all, DISCOVER_WITHIN_MS, credentials).catch(() => null);
    if (found?.kind !== "found" || this.#isClosed) return;
    const { view } = found;
    // Another cluster at the address of a former node is none of our business.
    if (view.clusterId !== this.view.clusterId || isSameView(view, this.view)) return;
    this.#former.push(this.#link);
    this.#link = this.#linkTo(view);
    this.#leaveFormer();
    this.#pump();
    this.#arm();
  }
}

const isSame = (a: Address, b: Address): boolean => a.host === b.host && a.port === b.port;

const isSameView = (a: ClusterView, b: ClusterView): boolean =>
  a.nodes.length === b.nodes.length &&
  a.nodes.every((node, i) => node.id === b.nodes[i]!.id && isSame(node, b.nodes[i]!));
