import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { UserError } from "../lib/user-error.ts";
import { readSecretFile } from "./secret-file.ts";

const PART = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** What was wrong with a file, for a UserError. */
const refuse = (where: string, path: string, what: string, fix: string): UserError =>
  new UserError("cannot use the certificates", [{ where: `${where} (${path})`, what, fix }]);

/** The certificates of a PEM file, at least one. Throws UserError. */
export function readCertificates(
  path: string,
  where: string,
): { readonly pem: string; readonly certificates: readonly X509Certificate[] } {
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw refuse(where, path, (error as Error).message, "make it: ordeal certs create");
  }
  const parts = pem.match(PART) ?? [];
  if (parts.length === 0) {
    throw refuse(where, path, "holds no certificate in PEM", "make one: ordeal certs create");
  }
  try {
    return { pem, certificates: parts.map((part) => new X509Certificate(part)) };
  } catch (error) {
    throw refuse(where, path, (error as Error).message, "make one: ordeal certs create");
  }
}

/** A certificate with its key, signed by one of `authorities` and valid now. Throws UserError. */
export function readPair(
  files: { readonly cert: string; readonly key: string },
  where: string,
  authorities: readonly X509Certificate[],
  now: Date,
): { readonly cert: string; readonly key: string; readonly certificate: X509Certificate } {
  const { pem: cert, certificates } = readCertificates(files.cert, `${where}.cert`);
  const key = readSecretFile(files.key, `${where}.key`);
  const certificate = certificates[0]!;
  const wrong = (what: string, fix: string): UserError =>
    refuse(`${where}.cert`, files.cert, what, fix);
  if (!isPair(certificate, key)) {
    throw refuse(`${where}.key`, files.key, "is not the key of the certificate", "give its own");
  }
  if (!authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey))) {
    throw wrong("is signed by none of the authorities in tls.ca", "make it with that authority");
  }
  if (now < new Date(certificate.validFrom)) {
    throw wrong(`is valid from ${certificate.validFrom} on`, "set the machine's clock");
  }
  if (now > new Date(certificate.validTo)) {
    throw wrong(`was valid until ${certificate.validTo}`, "renew it: ordeal certs renew");
  }
  return { cert, key, certificate };
}

function isPair(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // No key at all. What it is must not be shown.
  }
}
