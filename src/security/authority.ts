// @peculiar/x509 needs it before it is loaded.
import "reflect-metadata";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { type CertifiedName, NODE_DNS_NAME, uriOf } from "./names.ts";

/** What signs the certificates of one cluster. */
export type Authority = {
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
};

/** A certificate that somebody is to have. */
export type Wanted = {
  readonly owner: CertifiedName;
  /** Names and addresses by which tools, a browser say, reach a node. Loopback is always among them. */
  readonly hosts: readonly string[];
  readonly days: number;
};

/** PEM. */
export type Issued = { readonly cert: string; readonly key: string };

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Machines of a cluster need not agree on the time to the second. */
const EARLIER_MS = 5 * 60_000;
const DAY_MS = 24 * 3_600_000;
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** A new authority for one cluster, as PEM. */
export async function newAuthority(clusterId: string, days: number): Promise<Issued> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ keys, signingAlgorithm: ALGORITHM, ...validity(days) },
    name: [{ O: ["Ordeal"] }, { OU: [clusterId] }, { CN: ["authority"] }],
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/** Rejects when that is not an authority with its key. */
export async function readAuthority(cert: string, key: string): Promise<Authority> {
  const certificate = new x509.X509Certificate(cert);
  const raw = x509.PemConverter.decodeFirst(key);
  return {
    certificate,
    key: await crypto.subtle.importKey("pkcs8", raw, ALGORITHM, false, ["sign"]),
  };
}

/**
 * A node's certificate serves and dials; a client's only dials, so that no client can pass for a node even where
 * only the authority is looked at.
 */
export async function issue(authority: Authority, wanted: Wanted): Promise<Issued> {
  const { owner, hosts, days } = wanted;
  const isNode = owner.kind === "node";
  const keys = await newKeys();
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const name = isNode ? `node ${owner.id}` : owner.name;
  const certificate = await x509.X509CertificateGenerator.create({
    ...{ signingAlgorithm: ALGORITHM, signingKey: authority.key, ...validity(days) },
    subject: [{ O: ["Ordeal"] }, { OU: [owner.clusterId] }, { CN: [name] }],
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(isNode ? [serverAuth, clientAuth] : [clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "url", value: uriOf(owner) },
        ...(isNode ? [NODE_DNS_NAME, ...new Set([...LOOPBACK, ...hosts])].map(alternative) : []),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  });
  return { cert: pemOf(certificate), key: await keyPem(keys.privateKey) };
}

/** The cluster whose certificates it signs. */
export const clusterOf = ({ certificate }: Authority): string =>
  certificate.subjectName.getField("OU")[0] ?? "";

/** The hosts of a certificate that `issue` has made, for its successor. */
export function hostsOf(cert: string): readonly string[] {
  const names = new x509.X509Certificate(cert).getExtension(x509.SubjectAlternativeNameExtension);
  const hosts = names?.names.items.filter(({ type }) => type === "dns" || type === "ip") ?? [];
  const given = ({ value }: { readonly value: string }): boolean =>
    value !== NODE_DNS_NAME && !LOOPBACK.includes(value);
  return hosts.filter(given).map(({ value }) => value);
}

const alternative = (host: string): { readonly type: "ip" | "dns"; readonly value: string } => ({
  type: isIP(host) === 0 ? "dns" : "ip",
  value: host,
});

const newKeys = async (): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;

const validity = (days: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - EARLIER_MS),
  notAfter: new Date(Date.now() + days * DAY_MS),
});

const pemOf = (certificate: x509.X509Certificate): string => `${certificate.toString("pem")}\n`;

const keyPem = async (key: CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
