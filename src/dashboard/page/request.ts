/** A request that was refused or not answered, in words for people. */
export class RequestProblem extends Error {
  /** 0: no answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.name = "RequestProblem";
    this.status = status;
  }
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> =>
  ask<T>(path, signal === undefined ? {} : { signal });

export const post = <T>(path: string, body: unknown = {}): Promise<T> =>
  ask<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new RequestProblem("the dashboard does not answer: does it still run?", 0);
  }
  const said = (await response.json().catch(() => null)) as
    (T & { readonly error?: string; readonly fix?: string }) | null;
  if (response.ok && said !== null) return said;
  const words = [said?.error ?? `status ${response.status}`, said?.fix].filter(Boolean);
  throw new RequestProblem(words.join(": "), response.status);
}

/**
 * Exchanges the token behind the # for a session, and takes it out of the address. Resolves when there was
 * none, too: an earlier session may still be good.
 */
export async function signIn(): Promise<void> {
  const match = /^#token=([\w-]+)$/.exec(location.hash);
  if (match === null) return;
  history.replaceState(null, "", location.pathname);
  await post("/session", { token: match[1] });
}
