import type { ConnectionFault, MessageFault } from "./vocabulary.ts";

/** A fault of connections, in a few words; `on`: of which nodes. */
export function describeConnectionFault(fault: ConnectionFault, on: string): string {
  switch (fault.kind) {
    case "bandwidth":
      return `links of ${on} carry ${sizeOf(fault.bytesPerSecond)}/s`;
    case "reset":
      return `reset the connections of ${on}`;
    case "halfOpen":
      return `leave the connections of ${on} half open`;
    case "clog":
    case "unclog":
      return `${fault.kind} the links of ${on}`;
  }
}

/** A fault by the meaning of messages: `drop the first 3 installSnapshot from leader`. */
export function describeMessageFault(fault: MessageFault, from: string): string {
  const { message, term, first, act } = fault;
  const what = term === "older" ? `${message} of older terms` : message;
  const which =
    first === null ? what : first === 1 ? `the first ${what}` : `the first ${first} ${what}`;
  return typeof act === "object"
    ? `delay ${which} from ${from} by ${act.delayMs} ms`
    : `${act} ${which} from ${from}`;
}

const sizeOf = (bytes: number): string =>
  bytes >= 1 << 20
    ? `${Number((bytes / (1 << 20)).toFixed(1))} MiB`
    : bytes >= 1024
      ? `${Number((bytes / 1024).toFixed(1))} KiB`
      : `${bytes} B`;
