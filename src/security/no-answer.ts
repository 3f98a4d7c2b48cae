import { credentialsFor, type Endpoint } from "./keyring.ts";
import { tlsFailure } from "./server-tls.ts";

/** Why the HTTP port of a node has not answered `fetchNode`, in words: those of fetch are about fetch. */
export function whyNoAnswer({ host, port }: Endpoint, error: Error): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (name === "TimeoutError") return "not in time";
  if (code === "ECONNRESET") {
    // What speaks TLS drops who does not, without a word.
    return credentialsFor(host, port) === null
      ? "it broke off: does it speak TLS? Then set ORDEAL_TLS_CA and ORDEAL_TOKEN_FILE"
      : "it broke off: does it speak TLS, and do we have what it asks for?";
  }
  return isOfTls(code) ? tlsFailure(error) : message;
}

const isOfTls = (code: string | undefined): boolean =>
  code !== undefined && /CERT|SSL|TLS|EPROTO/.test(code);
