import { type Command, FLAG_EXPECTED, OP_OPEN_SESSION } from "../command.ts";
import { changeOp, type ConfigChange, encodeChange, encodeQuery } from "../config-changes.ts";
import { decodeConfig, type ShardConfig } from "../shard-config.ts";
import { OP_QUERY } from "../shard-ops.ts";
import type { StateMachine } from "../state-machine.ts";
import { command, encoded } from "./commands.ts";

export type ControllerReply = {
  readonly status: number;
  readonly num: number;
  readonly index: number;
  readonly config: ShardConfig | null;
  /** The value as text: a config, or why a change was refused. */
  readonly text: string;
};

/** A change as a command; `expected`: only when that is the newest config. */
export const changeCommand = (change: ConfigChange, expected: number | null = null): Command =>
  command({
    op: changeOp(change) as Command["op"],
    value: encodeChange(change),
    ...(expected !== null && { flags: FLAG_EXPECTED, expected }),
  });

/** Applies commands to a controller at indexes 1, 2, 3, … */
export class ControllerDriver {
  readonly #machine: StateMachine;
  #index = 0;

  constructor(machine: StateMachine) {
    this.#machine = machine;
  }

  apply(c: Command): ControllerReply {
    const { bytes, view, at, end } = encoded(c);
    const problem = this.#machine.problem(bytes, view, at, end);
    if (problem !== null) throw new Error(problem);
    this.#machine.apply(bytes, view, at, end, ++this.#index);
    return this.#reply();
  }

  change(change: ConfigChange, expected: number | null = null): ControllerReply {
    return this.apply(changeCommand(change, expected));
  }

  join(...ids: readonly number[]): ControllerReply {
    return this.change({ kind: "join", groups: ids.map((id) => ({ id, nodes: [1, 2, 3] })) });
  }

  leave(...groups: readonly number[]): ControllerReply {
    return this.change({ kind: "leave", groups });
  }

  move(shard: number, group: number): ControllerReply {
    return this.change({ kind: "move", shard, group });
  }

  openSession(): number {
    return this.apply(command({ op: OP_OPEN_SESSION, nonce: 1 })).index;
  }

  query(num: number | null = null): ControllerReply {
    const c = command({ op: OP_QUERY as Command["op"], value: encodeQuery(num) });
    const { bytes, view, at, end } = encoded(c);
    if (!this.#machine.isRead(view, at)) throw new Error("a query is a read");
    this.#machine.read(bytes, view, at, end, 0);
    return this.#reply();
  }

  #reply(): ControllerReply {
    const { status, version: num, index, valueIn, valueAt, valueBytes } = this.#machine.result;
    const value = valueIn.slice(valueAt, valueAt + valueBytes);
    return {
      status,
      num,
      index,
      config: decodeConfig(value),
      text: new TextDecoder().decode(value),
    };
  }
}
