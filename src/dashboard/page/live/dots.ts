import type { MessageKind } from "../../live/document.ts";
import { NODE_RADIUS, type Place } from "./ring-model.ts";
import type { Dot } from "./traffic.ts";

type Flying = Dot & { readonly startAt: number };

/** Colours are those of the page; each kind has a shape of its own too. */
const COLOURS: Readonly<Record<MessageKind, string>> = {
  votes: "--unknown",
  appends: "--ok",
  heartbeats: "--muted",
  replies: "--muted",
  snapshots: "--p99",
};
const DOTS_MAX = 400;
/** With reduced motion a message is a mark that stands still for so long. */
const STILL_MS = 400;

/** Messages on their way, drawn over the ring. */
export class Dots {
  readonly #canvas: HTMLCanvasElement;
  #flying: Flying[] = [];
  #places: ReadonlyMap<number, Place> = new Map();
  #frame = 0;
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  setPlaces(places: readonly Place[], width: number, height: number): void {
    this.#places = new Map(places.map((place) => [place.id, place]));
    const ratio = devicePixelRatio;
    if (this.#canvas.width === Math.round(width * ratio)) {
      if (this.#canvas.height === Math.round(height * ratio)) return;
    }
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
  }

  add(dots: readonly Dot[]): void {
    const now = performance.now();
    for (const dot of dots) {
      if (this.#flying.length >= DOTS_MAX) break;
      this.#flying.push({ ...dot, startAt: now + dot.afterMs });
    }
    if (this.#flying.length > 0 && this.#frame === 0)
      this.#frame = requestAnimationFrame(this.#draw);
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#flying = [];
  }

  readonly #draw = (): void => {
    const now = performance.now();
    const context = this.#canvas.getContext("2d")!;
    const style = getComputedStyle(document.documentElement);
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#flying = this.#flying.filter((dot) => now < dot.startAt + this.#lasts(dot));
    for (const dot of this.#flying) {
      if (now >= dot.startAt) this.#drawDot(context, dot, now, style);
    }
    context.globalAlpha = 1;
    this.#frame = this.#flying.length > 0 ? requestAnimationFrame(this.#draw) : 0;
  };

  #lasts(dot: Dot): number {
    return this.#still.matches ? STILL_MS : dot.travelMs * dot.reach;
  }

  #drawDot(
    context: CanvasRenderingContext2D,
    dot: Flying,
    now: number,
    style: CSSStyleDeclaration,
  ): void {
    const [from, to] = [this.#places.get(dot.from), this.#places.get(dot.to)];
    if (from === undefined || to === undefined) return;
    const part = this.#still.matches ? 0.35 : (now - dot.startAt) / dot.travelMs;
    const length = Math.max(1, Math.hypot(to.x - from.x, to.y - from.y));
    const [ux, uy] = [(to.x - from.x) / length, (to.y - from.y) / length];
    const along = NODE_RADIUS + part * (length - 2 * NODE_RADIUS);
    // Each direction keeps to its right, so that what meets does not collide.
    const [x, y] = [from.x + ux * along - uy * 4, from.y + uy * along + ux * 4];
    context.globalAlpha = dot.reach < 1 ? Math.max(0, 1 - part / dot.reach) : 1;
    context.fillStyle = style.getPropertyValue(COLOURS[dot.kind]);
    context.strokeStyle = context.fillStyle;
    context.beginPath();
    switch (dot.kind) {
      case "votes":
        context.lineWidth = 2.5;
        context.arc(x, y, 5.5, 0, 2 * Math.PI);
        context.stroke();
        break;
      case "snapshots":
        context.fillRect(x - 4, y - 4, 8, 8);
        break;
      default:
        context.arc(
          x,
          y,
          dot.kind === "appends" ? 4 : dot.kind === "heartbeats" ? 2.5 : 1.75,
          0,
          2 * Math.PI,
        );
        context.fill();
    }
  }
}
