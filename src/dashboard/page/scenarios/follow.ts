import type { RunState } from "../../runs/document.ts";

const RETRY_MS = 1_000;

/** Hears of the run that is under way, whenever it changes; returns what ends that. */
export function followRun(changed: (state: RunState) => void): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const close = (): void => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const open = (): void => {
    close();
    if (document.hidden) return;
    source = new EventSource("/api/runs/stream");
    source.addEventListener("run", (event) =>
      changed(JSON.parse((event as MessageEvent<string>).data) as RunState),
    );
    source.addEventListener("error", () => {
      close();
      retry = setTimeout(open, RETRY_MS);
    });
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
  };
}
