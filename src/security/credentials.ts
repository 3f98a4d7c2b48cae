import { type Problem, UserError } from "../lib/user-error.ts";
import { NODE_DNS_NAME } from "./names.ts";
import { readCertificates, readPair } from "./pem.ts";
import { readTokens, tokenOfEnvironment } from "./tokens.ts";

/**
 * Where the things lie with which a client shows who it is, and sees whom it speaks to. Only paths: this may be
 * printed, stored, and passed to another process.
 */
export type CredentialFiles = {
  /** Certificates of the authorities that nodes may be signed by. */
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly tokenFile?: string | undefined;
};

/** The same, read. Never print it. */
export type Credentials = {
  /** PEM. */
  readonly ca: string;
  /** PEM, both or none. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
};

/** Throws UserError that lists every problem. */
export function loadCredentials(files: CredentialFiles, env = process.env): Credentials {
  const problems: Problem[] = [];
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
      return null;
    }
  };
  const { cert, key, tokenFile } = files;
  if ((cert === undefined) !== (key === undefined)) {
    const what = "a certificate and its key go together";
    problems.push({ where: "tls", what, fix: "give both, or none" });
  }
  const authorities = attempt(() => readCertificates(files.ca, "tls.ca"));
  const pair =
    cert === undefined || key === undefined || authorities === null
      ? null
      : attempt(() => readPair({ cert, key }, "tls", authorities.certificates, new Date()));
  const token =
    tokenFile === undefined
      ? attempt(() => tokenOfEnvironment(env))
      : attempt(() => readTokens(tokenFile, "tokenFile"))?.[0];
  if (problems.length > 0) throw new UserError("cannot speak to the cluster", problems);
  return {
    ca: authorities!.pem,
    ...(pair !== null && { cert: pair.cert, key: pair.key }),
    ...(token !== null && token !== undefined && { token }),
  };
}

/**
 * What the environment names (ORDEAL_TLS_CA, _CERT, _KEY, ORDEAL_TOKEN_FILE); null: no authority, so nothing is
 * encrypted. Beside a node they are its settings, in which {id} is its id: without ORDEAL_ID that is no client's pair.
 */
export function credentialsOfEnvironment(env = process.env): CredentialFiles | null {
  const ca = env["ORDEAL_TLS_CA"];
  if (ca === undefined || ca === "") return null;
  const id = env["ORDEAL_ID"];
  const own = (path: string | undefined): string | undefined =>
    path?.includes("{id}") !== true ? path : id && path.replaceAll("{id}", id);
  return {
    ca: own(ca) ?? ca,
    cert: own(env["ORDEAL_TLS_CERT"]),
    key: own(env["ORDEAL_TLS_KEY"]),
    tokenFile: own(env["ORDEAL_TOKEN_FILE"]),
  };
}

/** `tls` of Bun.connect and fetch to a node: checks that it is a node of the cluster, whatever its address. */
export const tlsToNode = ({ ca, cert, key }: Credentials) =>
  ({
    ca,
    ...(cert !== undefined && key !== undefined && { cert, key }),
    serverName: NODE_DNS_NAME,
    // Said outright, since the default is $NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
  }) as const;
