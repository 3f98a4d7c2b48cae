import { keysOf } from "../../check/keys.ts";
import { search } from "../../check/search.ts";
import { type SearchJob, historyOf } from "./search-job.ts";

// A worker of checkInWorkers: searches the one key it is sent, and answers with the Outcome.
declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<SearchJob>): void => {
  const { model, operations } = keysOf(historyOf(data)).at(0);
  const now = (): number => performance.now();
  const { timeoutMs, memoryBytes } = data;
  self.postMessage(search(model, operations, { now, deadlineMs: now() + timeoutMs, memoryBytes }));
};
