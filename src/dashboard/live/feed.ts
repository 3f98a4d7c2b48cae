import type {
  LiveDocument,
  LiveEvent,
  LoadOptions,
  Phase,
  Sample,
  StartOptions,
} from "./document.ts";
import type { HostLoad, LiveHost, Look, NewEvent } from "./host.ts";
import { Series } from "./series.ts";

/** Between two looks at the cluster while somebody watches. */
const LOOK_EVERY_MS = 150;
const EVENTS_MAX = 200;
/** Looks without an answer before a cluster counts as lost: a busy machine may miss one. */
const MISSED_MAX = 5;

/** Hears what changed. A slow one gets the newest document next, and no queue grows. */
export type Watcher = {
  document(text: string): void;
  events(events: readonly LiveEvent[]): void;
  samples(samples: readonly Sample[]): void;
};

const NO_LOAD: LiveDocument["load"] = {
  ...{ phase: "none", options: null, total: { ok: 0, fail: 0, info: 0 } },
};

/** Looks at the cluster while somebody watches, tells the watchers, and does what the page asks for. */
export class Feed {
  readonly #host: LiveHost;
  readonly #watchers = new Set<Watcher>();
  readonly #series = new Series();
  #events: LiveEvent[] = [];
  #seq = 0;
  #phase: Phase = "none";
  #look: Look | null = null;
  #missed = 0;
  #load: LiveDocument["load"] = NO_LOAD;
  #running: HostLoad | null = null;
  #text = "";
  #timer: Timer | null = null;
  #isLooking = false;
  /** One look after the other: each tells only what is new since the one before. */
  #looked: Promise<Look | null> = Promise.resolve(null);
  #isClosed = false;

  constructor(host: LiveHost) {
    this.#host = host;
    this.#phase = host.mayStart ? "none" : "lost";
    this.#text = JSON.stringify(this.#document());
  }

  /** Tells everything so far at once, and then what changes, until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    watcher.document(this.#text);
    watcher.events(this.#events);
    watcher.samples(this.#series.samples);
    this.#lookSoon(0);
    return () => void this.#watchers.delete(watcher);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Rejects with UserError when the cluster cannot be started so, or one runs. */
  async start(options: StartOptions, by: string): Promise<void> {
    if (this.#phase !== "none") throw new Error("a cluster runs already, or is about to");
    this.#become("starting");
    this.#series.clear();
    try {
      await this.#host.start(options);
      this.#tell({ ...this.#now("cluster"), text: `${options.nodes} nodes started`, by });
      this.#seen(await this.#nextLook());
      this.#become("running");
    } catch (error) {
      this.#become("none");
      throw error;
    }
  }

  async stop(by: string): Promise<void> {
    if (this.#phase !== "running" || !this.#host.mayStart) {
      throw new Error("no cluster runs that was started here");
    }
    this.#become("stopping");
    try {
      await this.stopLoad(by);
      await this.#host.stop();
      this.#tell({ ...this.#now("cluster"), text: "the cluster was stopped", by });
    } finally {
      this.#look = null;
      this.#become("none");
    }
  }

  act(fault: unknown, by: string): Promise<void> {
    return this.#host.act(fault, by);
  }

  async startLoad(options: LoadOptions, by: string): Promise<void> {
    if (this.#load.phase !== "none") throw new Error("a load runs already: stop it first");
    this.#setLoad({ ...NO_LOAD, phase: "starting", options });
    try {
      const load = await this.#host.load(options, (tick) => {
        const { ok, fail, info } = this.#load.total;
        const { counts } = tick;
        this.#series.tick(tick);
        this.#load = {
          ...this.#load,
          total: { ok: ok + counts.ok, fail: fail + counts.fail, info: info + counts.info },
        };
      });
      this.#running = load;
      this.#setLoad({ ...this.#load, phase: "running" });
      this.#tell({ ...this.#now("load"), text: `load: ${loadText(options)}`, by });
      load.done.catch((error: unknown) => this.#loadFailed(load, error as Error));
    } catch (error) {
      this.#setLoad(NO_LOAD);
      throw error;
    }
  }

  async stopLoad(by: string): Promise<void> {
    const load = this.#running;
    if (load === null) return;
    this.#running = null;
    this.#setLoad({ ...this.#load, phase: "stopping" });
    await load.stop();
    this.#setLoad({ ...this.#load, phase: "none" });
    this.#tell({ ...this.#now("load"), text: "the load was stopped", by });
  }

  /** Ends what was started here. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running?.stop().catch(() => {});
    await this.#host.close();
  }

  #loadFailed(load: HostLoad, error: Error): void {
    if (this.#running !== load) return;
    this.#running = null;
    this.#setLoad(NO_LOAD);
    this.#tell({ ...this.#now("problem"), text: error.message, by: null });
  }

  #lookSoon(afterMs: number): void {
    if (this.#isClosed || this.#isLooking || this.#timer !== null) return;
    this.#timer = setTimeout(() => void this.#lookNow(), afterMs);
  }

  async #lookNow(): Promise<void> {
    this.#timer = null;
    if (this.#watchers.size === 0) return;
    if (this.#phase === "running" || this.#phase === "lost") {
      this.#isLooking = true;
      const look = await this.#nextLook();
      this.#isLooking = false;
      // It may have been stopped meanwhile.
      if (this.#phase === "running" || this.#phase === "lost") this.#seen(look);
    }
    this.#publish();
    this.#lookSoon(LOOK_EVERY_MS);
  }

  #nextLook(): Promise<Look | null> {
    this.#looked = this.#looked.then(() => this.#host.look());
    return this.#looked;
  }

  #seen(look: Look | null): void {
    if (look === null) {
      if (++this.#missed < MISSED_MAX || this.#phase === "lost") return;
      this.#look = null;
      this.#become("lost");
      this.#tell({ ...this.#now("problem"), text: "the cluster does not answer", by: null });
      return;
    }
    this.#missed = 0;
    if (this.#phase === "lost") this.#become("running");
    this.#look = look;
    for (const event of look.events) this.#tell(event);
    const sample = this.#series.look(Date.now(), look.committed, this.#running !== null);
    if (sample === null) return;
    for (const watcher of this.#watchers) watcher.samples([sample]);
  }

  #become(phase: Phase): void {
    this.#phase = phase;
    this.#publish();
  }

  #setLoad(load: LiveDocument["load"]): void {
    this.#load = load;
    this.#publish();
  }

  #tell(event: NewEvent): void {
    const told: LiveEvent = { ...event, seq: ++this.#seq };
    this.#events = [...this.#events, told].slice(-EVENTS_MAX);
    for (const watcher of this.#watchers) watcher.events([told]);
  }

  #now(kind: LiveEvent["kind"]): Pick<NewEvent, "atMs" | "kind"> {
    return { atMs: Date.now(), kind };
  }

  #publish(): void {
    const text = JSON.stringify(this.#document());
    if (text === this.#text) return;
    this.#text = text;
    for (const watcher of this.#watchers) watcher.document(text);
  }

  #document(): LiveDocument {
    const look = this.#look;
    return {
      ...{ phase: this.#phase, load: this.#load },
      cluster: look?.cluster ?? null,
      nodes: look?.nodes ?? [],
      links: look?.links ?? [],
      shards: look?.shards ?? null,
    };
  }
}

/** `64 clients, as fast as they can, 50 % reads`. */
export const loadText = ({ clients, rate, reads }: LoadOptions): string =>
  `${clients} clients, ${rate === null ? "as fast as they can" : `${rate} operations/s`}, ${Math.round(reads * 100)} % reads`;
