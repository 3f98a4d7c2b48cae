import type { LiveDocument, LiveEvent, Sample } from "../../live/document.ts";
import { get } from "../request.ts";

export type StreamListener = {
  document(document: LiveDocument): void;
  /** All that are kept come again after a reconnect. */
  events(events: readonly LiveEvent[]): void;
  samples(samples: readonly Sample[]): void;
  /** The dashboard's process is or is not reached. */
  connected(is: boolean, problem: unknown): void;
};

const RETRY_MS = 1_000;

/** Follows the live stream while the page is seen; a tab in the background asks for nothing. */
export function followStream(listener: StreamListener): () => void {
  let source: EventSource | null = null;
  let retry: number | null = null;
  let isOver = false;
  const close = (): void => {
    source?.close();
    source = null;
    if (retry !== null) clearTimeout(retry);
    retry = null;
  };
  const open = (): void => {
    close();
    if (isOver || document.hidden) return;
    const opened = new EventSource("/api/live/stream");
    source = opened;
    const on = (name: string, act: (data: string) => void): void =>
      opened.addEventListener(name, (event) => act((event as MessageEvent<string>).data));
    opened.addEventListener("open", () => listener.connected(true, null));
    on("document", (data) => listener.document(JSON.parse(data) as LiveDocument));
    on("events", (data) => listener.events(JSON.parse(data) as LiveEvent[]));
    on("samples", (data) => listener.samples(JSON.parse(data) as Sample[]));
    opened.addEventListener("error", () => void lost());
  };
  /** An EventSource does not say why: an ordinary request does. */
  const lost = async (): Promise<void> => {
    close();
    let problem: unknown = null;
    try {
      await get("/api/session");
    } catch (error) {
      problem = error;
    }
    if (isOver) return;
    listener.connected(false, problem);
    retry = setTimeout(open, RETRY_MS) as unknown as number;
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    isOver = true;
    close();
    document.removeEventListener("visibilitychange", open);
  };
}
