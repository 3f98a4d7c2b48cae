import { type Problem, UserError } from "../lib/user-error.ts";
import type { Credentials } from "./credentials.ts";
import { type CertifiedName, nameText, readName } from "./names.ts";
import { readCertificates, readPair } from "./pem.ts";
import { readTokens, TokenCheck, tokenOfEnvironment } from "./tokens.ts";

/** How clients show who they are: by a token (or a certificate), by a certificate only, or not at all. */
export const CLIENT_AUTHS = ["token", "cert", "none"] as const;
export type ClientAuth = (typeof CLIENT_AUTHS)[number];

/** Of the settings of a node, those that say who may speak to it. */
export type SecuritySettings = {
  /** Paths; `{id}` stands for the node's id, so that one file of settings serves all nodes. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
  /** Default: token where there is one, else cert. */
  readonly clientAuth?: ClientAuth | undefined;
  readonly tokenFile?: string | undefined;
  /** Bind to more than loopback all the same without TLS or authentication. */
  readonly insecure?: boolean | undefined;
  /** A connection that has not shown who it is by then is closed. Default: 5000 ms. */
  readonly authWithinMs?: number | undefined;
};

export const AUTH_WITHIN_MS = 5000;

/** What a node that is spoken to over TLS needs. Never print it. */
export type NodeSecurity = {
  readonly clusterId: string;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly clientAuth: ClientAuth;
  /** Null: tokens are not how clients show who they are. */
  readonly tokens: TokenCheck | null;
  /** With what the node itself speaks to others. */
  readonly credentials: Credentials;
};

/** Throws UserError that lists every problem. Null: nothing is encrypted. */
export function loadNodeSecurity(
  settings: SecuritySettings,
  owner: { readonly id: number; readonly clusterId: string },
  env: Readonly<Record<string, string | undefined>> = process.env,
): NodeSecurity | null {
  const problems = contradictions(settings, env);
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
      return null;
    }
  };
  const { tls, tokenFile } = settings;
  if (tls === undefined) {
    if (problems.length > 0) throw refused(problems);
    return null;
  }
  const files = filesOfNode({ tls, tokenFile }, owner.id);
  const authorities = attempt(() => readCertificates(files.ca, "tls.ca"));
  const pair =
    authorities === null
      ? null
      : attempt(() => readPair(files, "tls", authorities.certificates, new Date()));
  if (pair !== null) problems.push(...ownerProblems(pair.certificate.subjectAltName, owner, files));
  const tokens =
    files.tokenFile === undefined
      ? attempt(() => tokenOfEnvironment(env))
      : attempt(() => readTokens(files.tokenFile!, "tokenFile"));
  const list = typeof tokens === "string" ? [tokens] : tokens;
  const clientAuth = settings.clientAuth ?? (list === null ? "cert" : "token");
  if (clientAuth === "token" && list === null && problems.length === 0) {
    const what = "clients are to show a token, and there is none";
    problems.push({ where: "clientAuth", what, fix: "give tokenFile, or $ORDEAL_TOKEN" });
  }
  if (problems.length > 0 || authorities === null || pair === null) throw refused(problems);
  const { cert, key } = pair;
  const { pem: ca } = authorities;
  return {
    ...{ clusterId: owner.clusterId, ca, cert, key, clientAuth },
    tokens: clientAuth === "token" && list !== null ? new TokenCheck(list) : null,
    credentials: { ca, cert, key, ...(list?.[0] !== undefined && { token: list[0] }) },
  };
}

/** The paths of node `id`. */
export function filesOfNode(
  { tls, tokenFile }: Required<Pick<SecuritySettings, "tls" | "tokenFile">>,
  id: number,
) {
  const own = (path: string): string => path.replaceAll("{id}", String(id));
  const { ca, cert, key } = tls!;
  return {
    ...{ ca: own(ca), cert: own(cert), key: own(key) },
    tokenFile: tokenFile === undefined ? undefined : own(tokenFile),
  };
}

/**
 * Why a certificate that an authority of ours has signed is not the one that is meant; null: it is.
 * `alternatives`: its subjectAltName.
 */
export function whyNotNode(
  alternatives: string | undefined,
  clusterId: string,
  id: number,
): string | null {
  const name = readName(alternatives);
  const meant: CertifiedName = { kind: "node", clusterId, id };
  if (name?.kind === "node" && name.id === id && name.clusterId === clusterId) return null;
  return `the certificate is of ${name === null ? "nobody of Ordeal" : nameText(name)}, not of ${nameText(meant)}`;
}

function ownerProblems(
  alternatives: string | undefined,
  { id, clusterId }: { readonly id: number; readonly clusterId: string },
  { cert }: { readonly cert: string },
): Problem[] {
  const what = whyNotNode(alternatives, clusterId, id);
  if (what === null) return [];
  const fix = `give its own: ordeal certs node --id ${id} --dir DIR, of that cluster's certificates`;
  return [{ where: `tls.cert (${cert})`, what, fix }];
}

function contradictions(
  { tls, clientAuth, tokenFile }: SecuritySettings,
  env: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const problems: Problem[] = [];
  const fix = "give tls.ca, tls.cert and tls.key: ordeal certs create makes them";
  if (tls === undefined && clientAuth !== undefined && clientAuth !== "none") {
    problems.push({ where: "clientAuth", what: `"${clientAuth}" needs TLS`, fix });
  }
  if (tls === undefined && tokenFile !== undefined) {
    problems.push({ where: "tokenFile", what: "a token would be sent in plain text", fix });
  }
  // Bun takes it for a default even where it is the server (oven-sh/bun#35240).
  if (tls !== undefined && env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    const what = "switches the check of certificates off in the whole process";
    problems.push({ where: "$NODE_TLS_REJECT_UNAUTHORIZED", what, fix: "unset it" });
  }
  return problems;
}

const refused = (problems: readonly Problem[]): UserError =>
  new UserError("the node cannot be secured", problems);
