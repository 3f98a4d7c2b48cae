/**
 * A sequential specification: what one object may answer, one operation at a time. Pure. States are
 * compared with ===, so a model packs them into numbers or strings.
 */
export type Model<State, Op> = {
  readonly init: State;
  /** The state after `op` took effect with its recorded result, or undefined if it could not have. */
  step(state: State, op: Op): State | undefined;
  /** The state after `op`, whose result nobody learnt, took effect. */
  maybe(state: State, op: Op): State;
  /** Whether `op` leaves every state that it is legal in as it is: a get, a refused put. */
  observes(op: Op): boolean;
  /** Whether no state that can follow `state` lets `op` take effect. May say false without knowing. */
  dead?(state: State, op: Op): boolean;
  /** Equal for two operations only if no state tells them apart; of a pending one, the result is nothing. */
  identity?(op: Op, pending: boolean): string;
  /** What states show and operations need, if every write leaves a value that it alone decides. */
  readonly values?: Values<State, Op> | undefined;
  /**
   * Given iff a state is no more than the value it shows (`values`), so that lazy search applies: the
   * value that an operation which observes and needs none must not find; NO_VALUE: any will do.
   */
  readonly excluded?: ((op: Op) => number) | undefined;
  /**
   * The states to try for a window in which `ops` completed, and `others` may have taken effect,
   * when what came before is not known: if one state at all makes the window legal, then one of
   * these does. Null: cannot be listed.
   */
  starts?(ops: readonly Op[], others: readonly Op[]): readonly State[] | null;
  /**
   * What writes that nobody knows of could have made of `state` by the time that `op` took effect
   * with its recorded result: all states that matter, maybe more. `values` are those that they could
   * leave besides any that no operation ever found.
   */
  helped?(state: State, op: Op, values: readonly number[], help: Help): readonly State[];
};

/** What is among the writes that nobody knows of (Model.helped). */
export type Help = { readonly writes: boolean; readonly deletes: boolean };

export type Values<State, Op> = {
  /** The value that a state shows; any number stands for a value but NO_VALUE. */
  shown(state: State): number;
  /** The value that `op` must find to have its recorded result; NO_VALUE: it does not say. */
  needed(op: Op): number;
  /** The value that `op` leaves if it changes anything; NO_VALUE: it never does. */
  left(op: Op): number;
};

export const NO_VALUE = -1;
