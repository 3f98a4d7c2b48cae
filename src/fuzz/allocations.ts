/**
 * Counts the bytes of the typed arrays that are made while `count` is on, so that a length that is
 * believed before it is checked shows at once and always, whatever the collector and the system do.
 */
const NAMES = ["Uint8Array", "Int32Array", "Uint32Array", "Float64Array", "ArrayBuffer"] as const;
type Made = new (...args: unknown[]) => object;

export type Allocations = {
  /** Since the last `reset`. */
  readonly bytes: number;
  reset(): void;
  /** Puts back what was there. */
  stop(): void;
};

/** The constructors of this process are replaced until `stop`: for a process that does nothing else, and for tests. */
export function countAllocations(): Allocations {
  let bytes = 0;
  const world = globalThis as unknown as Record<string, Made>;
  const before = NAMES.map((name) => [name, world[name]!] as const);
  for (const [name, made] of before) {
    const size = "BYTES_PER_ELEMENT" in made ? Number(made.BYTES_PER_ELEMENT) : 1;
    world[name] = new Proxy(made, {
      construct(target, args: unknown[], newTarget) {
        const [first] = args;
        if (typeof first === "number") bytes += first * size;
        return Reflect.construct(
          target,
          args,
          newTarget === world[name] ? target : newTarget,
        ) as object;
      },
    });
  }
  return {
    get bytes() {
      return bytes;
    },
    reset: () => void (bytes = 0),
    stop: () => before.forEach(([name, made]) => void (world[name] = made)),
  };
}
