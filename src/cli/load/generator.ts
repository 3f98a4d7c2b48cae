import { Prng } from "../../lib/prng.ts";
import { UserError } from "../../lib/user-error.ts";
import { remember } from "../../security/keyring.ts";
import { loadProtocol, openStoreClient, type StoreClient } from "../../target/store-client.ts";
import { checkLoadSpec } from "../../workload/check-spec.ts";
import { Driver } from "../../workload/driver.ts";
import { LoadMetrics } from "../../workload/metrics.ts";
import { Recorder } from "../../workload/recorder.ts";
import type { LoadEvent, LoadResult, LoadSpec, LoadViolation } from "../../workload/spec.ts";
import { streamOf } from "../../workload/split.ts";
import { TICK_MS } from "../../workload/tick-merger.ts";
import { Workers } from "../../workload/workers.ts";
import { followRecorder } from "./follow.ts";
import { HistoryFile } from "./history-file.ts";

const CONNECT_GRACE_MS = 500;
const CONNECT_MS = 20_000;
/** A timer fires up to 1.1 ms late: nearer starts are waited for by spinning. */
const SPIN_MS = 2;

const now = (): number => performance.now();
const originUs = performance.timeOrigin * 1000;

/**
 * One load generator: workload, client and connections in one event loop. Everything that happens is
 * either a response or a turn; a turn does what is due and arranges for the next one.
 */
export class Generator {
  readonly #spec: LoadSpec;
  readonly #emit: (event: LoadEvent) => void;
  readonly #history: HistoryFile | null;
  readonly #recorder: Recorder | null;
  readonly #metrics: LoadMetrics;
  readonly #client: StoreClient;
  readonly #driver: Driver;
  readonly #finished = Promise.withResolvers<void>();
  /** Of a part of a load: when all are to begin, µs since the Unix epoch. */
  readonly #startAtUs = Promise.withResolvers<number>();
  #phase: "connect" | "warmup" | "measure" | "drain" | "finalReads" | "over" = "connect";
  #stopRequested = false;
  #finalReads: boolean;
  #measureFrom = 0;
  #measureTo = 0;
  #endAt = Number.POSITIVE_INFINITY;
  #tickedAt = 0;
  #nextTickAt = 0;
  #cpuFrom: NodeJS.CpuUsage = process.cpuUsage();
  #cpu = 0;
  /** Operations that the client refused itself: until the measurement began, then during it. */
  #shed = 0;
  #timer: Timer | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;

  /** Throws UserError for a bad spec or a history file that cannot be written. */
  static async create(spec: LoadSpec, emit: (event: LoadEvent) => void): Promise<Generator> {
    checkLoadSpec(spec);
    remember(spec.address.nodes, spec.address.credentials);
    await loadProtocol(spec.address);
    const history = spec.history === null ? null : await HistoryFile.create(spec.history);
    return new Generator(spec, emit, history);
  }

  private constructor(
    spec: LoadSpec,
    emit: (event: LoadEvent) => void,
    history: HistoryFile | null,
  ) {
    const prng = new Prng(spec.seed);
    this.#spec = spec;
    this.#emit = emit;
    this.#history = history;
    this.#finalReads = spec.finalReads ?? false;
    this.#recorder = history === null ? null : this.#newRecorder(spec);
    this.#metrics = new LoadMetrics(spec);
    const own = streamOf(spec, prng);
    const workers = new Workers(spec, prng, this.#recorder, (slot, op, flags, expected, k, v, t) =>
      this.#client.start(slot, op, flags, expected, k, v, t),
    );
    this.#driver = new Driver(spec, own.fork("arrivals"), workers, this.#metrics);
    this.#client = openStoreClient(
      {
        address: spec.address,
        clients: spec.clients,
        connections: spec.connections,
        timeoutMs: spec.timeoutMs,
        homeShare: spec.homeShare ?? 0,
        // An open loop has its rate: what is refused has failed, and a retry would be more than is offered.
        overloadRetries: spec.rate === null ? undefined : 0,
        wantsVersions: history !== null || spec.mix.cas > 0 || (spec.mix.rmw ?? 0) > 0,
        prng: own.fork("clerk"),
      },
      {
        onDone: (slot, done, at) => this.#driver.onDone(slot, done, at),
        onInput: () => this.#afterInput(),
      },
    );
  }

  /** Runs the load to its end and resolves with the result, which `done` has told as well. */
  async run(): Promise<LoadResult> {
    try {
      const nodes = await this.#client.connected(CONNECT_GRACE_MS, CONNECT_MS);
      if (nodes === 0) throw unreachable(this.#spec);
      this.#emit({ kind: "ready" });
      this.#begin(this.#spec.part === undefined ? now() : await this.#startTime());
      await this.#finished.promise;
    } finally {
      this.#phase = "over";
      this.#client.close();
      if (this.#timer !== null) clearTimeout(this.#timer);
      if (this.#immediate !== null) clearImmediate(this.#immediate);
    }
    this.#writeHistory();
    await this.#history?.close();
    const result = this.#metrics.result({
      startedAtUs: originUs + this.#measureFrom * 1000,
      measuredMs: Math.max(0, this.#measureTo - this.#measureFrom),
      cpu: this.#cpu,
      shed: this.#shed,
      unread: this.#finalReads ? this.#driver.unread : null,
    });
    this.#emit({ kind: "done", result });
    return result;
  }

  /** A part of a load is told when all its parts begin, once it is ready. */
  start(atUs: number): void {
    this.#startAtUs.resolve(atUs);
  }

  /** Ends the load sooner; `finalReads` asks for them even if the spec did not. */
  stop(finalReads: boolean): void {
    this.#stopRequested = true;
    this.#finalReads ||= finalReads;
    if (this.#phase !== "connect") this.#wakeNow();
  }

  #newRecorder(spec: LoadSpec): Recorder {
    const tell = (violation: LoadViolation): void =>
      this.#emit({ kind: "violation", ...violation });
    const follower =
      spec.follow === true ? followRecorder(spec.clients, now, originUs, tell) : null;
    return new Recorder(spec.clients, spec.keys, originUs, now(), follower);
  }

  /** Resolves with the common start of all parts, once it has come. */
  async #startTime(): Promise<number> {
    const at = ((await this.#startAtUs.promise) - originUs) / 1000;
    // Timers cut fractions off, and a start must not lie ahead.
    while (now() < at) await Bun.sleep(Math.ceil(at - now()));
    return at;
  }

  #begin(at: number): void {
    this.#phase = "warmup";
    this.#tickedAt = at;
    this.#nextTickAt = at + TICK_MS;
    this.#measureFrom = at + this.#spec.warmupMs;
    this.#metrics.setStart(this.#measureFrom);
    if (this.#spec.durationMs !== null) this.#endAt = at + this.#spec.durationMs;
    this.#driver.begin(at);
    this.#turn();
  }

  readonly #turn = (): void => {
    this.#timer = null;
    this.#immediate = null;
    if (this.#phase === "over") return;
    try {
      const at = now();
      this.#client.tick(at);
      this.#driver.poll(at);
      this.#advance(at);
      if (at >= this.#nextTickAt) this.#tick(at);
      this.#sleep();
    } catch (error) {
      this.#finished.reject(error as Error);
    }
  };

  /** Moves on to the next phase when it is time. */
  #advance(at: number): void {
    if (this.#phase === "warmup" && at >= this.#measureFrom) {
      this.#phase = "measure";
      this.#cpuFrom = process.cpuUsage();
      this.#shed = this.#client.shed();
    }
    if (this.#phase === "warmup" || this.#phase === "measure") {
      const isOver = this.#stopRequested || this.#driver.exhausted || at >= this.#endAt;
      if (!isOver) return;
      const used = process.cpuUsage(this.#cpuFrom);
      this.#cpu = (used.user + used.system) / 1000 / Math.max(1, at - this.#measureFrom);
      this.#measureTo = at;
      this.#shed = this.#client.shed() - this.#shed;
      this.#metrics.setEnd(at);
      this.#driver.stop(at);
      this.#phase = "drain";
    }
    if (this.#phase === "drain" && this.#driver.idle) {
      this.#tick(at);
      if (this.#finalReads) {
        this.#phase = "finalReads";
        this.#driver.readAll(at);
        return;
      }
      this.#finished.resolve();
    }
    if (this.#phase === "finalReads" && this.#driver.idle) this.#finished.resolve();
  }

  #tick(at: number): void {
    const intervalMs = at - this.#tickedAt;
    this.#tickedAt = at;
    // By the clock and not by the last tick: those of all parts lie together, however late one was.
    while (this.#nextTickAt <= at) this.#nextTickAt += TICK_MS;
    this.#writeHistory();
    if (this.#phase === "finalReads") return;
    const tick = this.#metrics.takeTick(this.#spec.part !== undefined);
    this.#emit({ kind: "tick", atUs: originUs + at * 1000, intervalMs, ...tick });
  }

  #writeHistory(): void {
    const writer = this.#recorder?.writer;
    if (writer === undefined || this.#history === null) return;
    for (let bytes = writer.take(); bytes !== null; bytes = writer.take()) {
      this.#history.append(bytes);
    }
  }

  /** Arranges for the next turn: by a timer, or at once when a start is too near for one. */
  #sleep(): void {
    if (this.#timer !== null || this.#immediate !== null) return;
    const start = this.#driver.nextStartMs;
    const changeAt = this.#phase === "warmup" ? this.#measureFrom : this.#endAt;
    this.#wakeAt = Math.min(start, this.#client.deadline(), changeAt, this.#nextTickAt);
    const gapMs = this.#wakeAt - now();
    const spin = this.#spec.pacing !== "event" && start - this.#wakeAt < SPIN_MS;
    if (gapMs <= 0 || (spin && gapMs < SPIN_MS)) this.#immediate = setImmediate(this.#turn);
    else this.#timer = setTimeout(this.#turn, Math.max(1, Math.floor(gapMs) - (spin ? 1 : 0)));
  }

  /**
   * After responses: a turn sooner when they brought a deadline nearer, freed a worker that the next
   * start had been waiting for, or ended a phase.
   */
  #afterInput(): void {
    const ends = this.#phase === "drain" || this.#phase === "finalReads";
    const due = Math.min(this.#client.deadline(), this.#driver.nextStartMs);
    if (due < this.#wakeAt || (ends && this.#driver.idle)) this.#wakeNow();
  }

  #wakeNow(): void {
    if (this.#immediate !== null || this.#phase === "over" || this.#phase === "connect") return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#immediate = setImmediate(this.#turn);
  }
}

function unreachable(spec: LoadSpec): UserError {
  return new UserError(
    "no node of the cluster accepts connections",
    spec.address.nodes.map(({ host, port }) => ({
      where: `${host}:${port}`,
      what: `no connection within ${CONNECT_MS / 1000} s`,
      fix: "start the cluster, or give the client ports that it printed",
    })),
  );
}
