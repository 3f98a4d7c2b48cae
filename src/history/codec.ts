/** The binary history log: what load generators write (HistoryWriter) and the checker reads. */
export { NO_VALUE, PROCESS_MAX } from "./format.ts";
export { readHistory } from "./reader.ts";
export { HistoryWriter } from "./writer.ts";
