import type { LinkView, NodeView } from "../../live/document.ts";
import { el, setProps, setText, svg } from "../element.ts";
import { Dots } from "./dots.ts";
import {
  cutOff,
  nodeLabel,
  NODE_RADIUS,
  pairsOf,
  pairText,
  partitionText,
  type Place,
  placesOf,
  type Point,
  ROLE_GLYPHS,
  ROLE_WORDS,
  roomFor,
  termText,
} from "./ring-model.ts";
import { Traffic } from "./traffic.ts";

export type RingEvents = {
  /** A node was chosen, or no longer. */
  select(id: number): void;
  /** A line was dragged that has these nodes on one side. */
  cut(nodes: readonly number[]): void;
};

/** A shorter drag is a slip of the finger. */
const DRAG_MIN = 30;

type NodeShape = {
  readonly group: SVGGElement;
  readonly glyph: SVGTextElement;
  readonly role: SVGTextElement;
  readonly term: SVGTextElement;
};

/** The nodes as a ring, what acts on their links, and the messages between them. */
export class Ring {
  readonly element: HTMLElement;
  readonly #svg = svg("svg", {
    class: "ring",
    role: "group",
    "aria-label": "Nodes of the cluster",
  });
  readonly #links = svg("g", { class: "links", "aria-hidden": "true" });
  readonly #nodes = svg("g");
  readonly #line = svg("line", { class: "knife", visibility: "hidden" });
  readonly #hint = el("p", { class: "ring-hint", "aria-hidden": "true" });
  readonly #dots: Dots;
  readonly #traffic = new Traffic();
  readonly #shapes = new Map<number, NodeShape>();
  readonly #events: RingEvents;
  readonly #resized: ResizeObserver;
  readonly #closed = new AbortController();
  #places: readonly Place[] = [];
  #view: readonly NodeView[] = [];
  #linkViews: readonly LinkView[] = [];
  #selected: readonly number[] = [];
  #seenAt = 0;
  #mayCut = false;
  #dragFrom: Point | null = null;

  constructor(events: RingEvents) {
    this.#events = events;
    const canvas = el("canvas", { class: "dots", "aria-hidden": "true" });
    this.#dots = new Dots(canvas);
    this.#svg.append(this.#links, this.#nodes, this.#line);
    this.element = el("div", { class: "ring-box" }, this.#svg, canvas, this.#hint);
    this.#resized = new ResizeObserver(() => this.#layout());
    this.#resized.observe(this.element);
    this.#listen();
  }

  update(
    nodes: readonly NodeView[],
    links: readonly LinkView[],
    selected: readonly number[],
    mayCut: boolean,
  ): void {
    const isNew = nodes.map(({ id }) => id).join() !== this.#view.map(({ id }) => id).join();
    this.#view = nodes;
    this.#linkViews = links;
    this.#selected = selected;
    this.#mayCut = mayCut;
    if (isNew) this.#layout();
    else this.#draw();
    const now = performance.now();
    const interval = Math.min(1000, now - this.#seenAt);
    this.#seenAt = now;
    this.#dots.add(this.#traffic.plan(nodes, links, interval, Math.random));
  }

  close(): void {
    this.#closed.abort();
    this.#resized.disconnect();
    this.#dots.close();
  }

  #layout(): void {
    const width = this.element.clientWidth;
    if (width === 0) return;
    const height = Math.round(Math.min(440, Math.max(320, width * 0.66)));
    setProps(this.#svg, { width, height, viewBox: `0 0 ${width} ${height}` });
    const ids = this.#view.map(({ id }) => id);
    this.#places = placesOf(ids, width, height);
    this.#svg.setAttribute("class", `ring ${roomFor(this.#places)}`);
    this.#dots.setPlaces(this.#places, width, height);
    for (const [id, { group }] of this.#shapes) {
      if (ids.includes(id)) continue;
      group.remove();
      this.#shapes.delete(id);
    }
    this.#draw();
  }

  #draw(): void {
    this.#drawLinks();
    for (const node of this.#view) {
      const place = this.#places.find(({ id }) => id === node.id);
      if (place !== undefined) this.#drawNode(node, place);
    }
  }

  #drawNode(node: NodeView, place: Place): void {
    const shape = this.#shapes.get(node.id) ?? this.#newShape(node.id);
    const isSelected = this.#selected.includes(node.id);
    setProps(shape.group, {
      class: `node ${node.role}`,
      transform: `translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})`,
      "aria-label": nodeLabel(node),
      "aria-pressed": String(isSelected),
    });
    setText(shape.glyph, ROLE_GLYPHS[node.role]);
    setText(shape.role, ROLE_WORDS[node.role]);
    setText(shape.term, termText(node));
  }

  #newShape(id: number): NodeShape {
    const glyph = svg("text", { class: "glyph", y: -NODE_RADIUS - 5 });
    const role = svg("text", { class: "role", y: NODE_RADIUS + 17 });
    const term = svg("text", { class: "term", y: NODE_RADIUS + 32 });
    const group = svg(
      "g",
      { tabindex: 0, role: "button", onclick: () => this.#events.select(id) },
      svg("circle", { class: "halo", r: NODE_RADIUS + 6 }),
      svg("circle", { class: "body", r: NODE_RADIUS }),
      svg("text", { class: "id", y: 7 }, String(id)),
      // Spaces, and the sign last: read out as it is seen.
      ...[" ", role, " ", term, " ", glyph],
    );
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.#events.select(id);
    });
    const shape = { group, glyph, role, term };
    this.#shapes.set(id, shape);
    this.#nodes.append(group);
    return shape;
  }

  #drawLinks(): void {
    const at = new Map(this.#places.map((place) => [place.id, place]));
    const ids = this.#view.map(({ id }) => id);
    const silent = this.#view.filter(({ role }) => role === "down").map(({ id }) => id);
    const drawn = pairsOf(ids, this.#linkViews).flatMap((pair) => {
      const [a, b] = [at.get(pair.a), at.get(pair.b)];
      if (a === undefined || b === undefined) return [];
      const isCut = pair.there?.cut === true || pair.back?.cut === true;
      const isHit = pair.there !== null || pair.back !== null;
      const isOff = silent.includes(pair.a) || silent.includes(pair.b);
      const kind = isCut ? "cut" : isHit ? "hit" : isOff ? "off" : "";
      const line = svg("line", { class: `link ${kind}`, x1: a.x, y1: a.y, x2: b.x, y2: b.y });
      const text = pairText(pair);
      if (text === "") return [line];
      // Not in the middle, where the links of a ring cross.
      const [x, y] = [a.x + (b.x - a.x) * 0.42, a.y + (b.y - a.y) * 0.42];
      const width = text === "✕" ? 18 : text.length * 6.4 + 12;
      return [
        line,
        svg("rect", { class: "tag", x: x - width / 2, y: y - 9, width, height: 18, rx: 9 }),
        svg("text", { class: `tag-text ${kind}`, x, y: y + 4 }, text),
      ];
    });
    this.#links.replaceChildren(...drawn);
  }

  /** A drag that begins beside the nodes draws a line; Escape gives it up. */
  #listen(): void {
    const pointOf = (event: PointerEvent): Point => {
      const box = this.#svg.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    this.#svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.target as Element).closest(".node") !== null) return;
      this.#dragFrom = pointOf(event);
      this.#svg.setPointerCapture(event.pointerId);
    });
    this.#svg.addEventListener("pointermove", (event) => {
      if (this.#dragFrom !== null) this.#showCut(this.#dragFrom, pointOf(event));
    });
    this.#svg.addEventListener("pointerup", (event) => {
      const from = this.#dragFrom;
      this.#endDrag();
      const nodes = from === null ? null : this.#cutBy(from, pointOf(event));
      if (nodes !== null && this.#mayCut) this.#events.cut(nodes);
    });
    this.#svg.addEventListener("pointercancel", () => this.#endDrag());
    const { signal } = this.#closed;
    window.addEventListener("keydown", ({ key }) => void (key === "Escape" && this.#endDrag()), {
      signal,
    });
  }

  #showCut(from: Point, to: Point): void {
    const nodes = this.#cutBy(from, to);
    setProps(this.#line, {
      ...{ x1: from.x, y1: from.y, x2: to.x, y2: to.y },
      visibility: "visible",
    });
    for (const [id, { group }] of this.#shapes) {
      group.classList.toggle("aside", nodes?.includes(id) === true);
    }
    const ids = this.#view.map(({ id }) => id);
    const why = this.#mayCut ? "" : " (this cluster was started without faulty links)";
    setText(this.#hint, nodes === null ? "" : `partition ${partitionText(nodes, ids)}${why}`);
  }

  #cutBy(from: Point, to: Point): readonly number[] | null {
    if (Math.hypot(to.x - from.x, to.y - from.y) < DRAG_MIN) return null;
    return cutOff(this.#places, from, to);
  }

  #endDrag(): void {
    this.#dragFrom = null;
    this.#line.setAttribute("visibility", "hidden");
    for (const { group } of this.#shapes.values()) group.classList.remove("aside");
    setText(this.#hint, "");
  }
}
