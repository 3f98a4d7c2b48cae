declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Election epoch, from 1. 0 means "no term". Safe integer: 2^53 terms at 1 kHz is 285,000 years. */
export type Term = Brand<number, "Term">;
/** Log position, from 1. 0 means "before the first entry". Safe integer, at most 2^53 - 1. */
export type LogIndex = Brand<number, "LogIndex">;
/** Replica identity in a group, from 1 to 2^32 - 1. 0 means "none" (see NO_NODE). */
export type NodeId = Brand<number, "NodeId">;
/** Raft group identity, from 1 to 2^32 - 1. A cluster without shards has one group, GROUP_1. */
export type GroupId = Brand<number, "GroupId">;

export const NO_NODE = 0 as NodeId;
export const GROUP_1 = 1 as GroupId;
export const asTerm = (n: number): Term => n as Term;
export const asIndex = (n: number): LogIndex => n as LogIndex;
export const asNode = (n: number): NodeId => n as NodeId;
export const asGroup = (n: number): GroupId => n as GroupId;
export const plus = (index: LogIndex, count: number): LogIndex => (index + count) as LogIndex;
export const minIndex = (a: LogIndex, b: LogIndex): LogIndex => (a < b ? a : b);
export const maxIndex = (a: LogIndex, b: LogIndex): LogIndex => (a > b ? a : b);
