type Connection = { readonly isOpen: boolean; close(): void };

/** Connections to every node of a system, as many to each, that stay up as far as the nodes let them. */
export class NodeConnections<C extends Connection> {
  /** By node, then by lane. */
  readonly of: readonly (readonly C[])[];
  #onProgress: () => void = () => {};

  /** `dial` makes the connection; call `opened` whenever one is up. */
  constructor(nodes: number, lanes: number, dial: (node: number, lane: number) => C) {
    this.of = Array.from({ length: nodes }, (_, node) =>
      Array.from({ length: lanes }, (_, lane) => dial(node, lane)),
    );
  }

  /** A connection is up. */
  opened(): void {
    this.#onProgress();
  }

  /**
   * Resolves with the number of nodes connected on all lanes: as soon as that is all of them, after
   * `graceMs` if it is a majority, after `withinMs` in any case.
   */
  async connected(graceMs: number, withinMs: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let least = this.of.length;
    const check = (): void => {
      if (this.#openNodes() >= least) resolve();
    };
    this.#onProgress = check;
    const grace = setTimeout(() => {
      least = Math.floor(this.of.length / 2) + 1;
      check();
    }, graceMs);
    const limit = setTimeout(resolve, withinMs);
    check();
    await promise;
    clearTimeout(grace);
    clearTimeout(limit);
    this.#onProgress = () => {};
    return this.#openNodes();
  }

  /** Ends all connections for good. */
  close(): void {
    for (const lanes of this.of) for (const connection of lanes) connection.close();
  }

  #openNodes(): number {
    return this.of.filter((lanes) => lanes.every(({ isOpen }) => isOpen)).length;
  }
}
