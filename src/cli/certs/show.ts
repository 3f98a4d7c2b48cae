import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { type CertifiedName, nameText, readName } from "../../security/names.ts";
import { tokenFile } from "../../security/cert-dir.ts";
import { readTokens } from "../../security/tokens.ts";
import { table } from "../table.ts";

/** A certificate of a directory. */
export type Found = {
  /** Of its file, without `.pem`. */
  readonly name: string;
  readonly pem: string;
  /** Null: the authority, or nobody of ours. */
  readonly owner: CertifiedName | null;
  readonly isAuthority: boolean;
  readonly validTo: Date;
  /** Less than 0: it has ended. */
  readonly daysLeft: number;
  readonly fingerprint: string;
  readonly hosts: string;
};

const DAY_MS = 24 * 3_600_000;
const SOON_DAYS = 30;
const EXIT_SOON = 3;

/** All of them, by name. Throws UserError when the directory cannot be read. */
export function certificatesIn(dir: string, now = Date.now()): readonly Found[] {
  let names: readonly string[];
  try {
    names = readdirSync(dir).filter((file) => file.endsWith(".pem") && !file.endsWith("-key.pem"));
  } catch (error) {
    const what = (error as Error).message;
    const fix = "give the directory that `ordeal certs create` made";
    throw new UserError("no certificates", [{ where: dir, what, fix }]);
  }
  return names.toSorted().map((file) => {
    const pem = readFileSync(join(dir, file), "utf8");
    const certificate = parse(pem, join(dir, file));
    const validTo = new Date(certificate.validTo);
    const alternatives = (certificate.subjectAltName ?? "").split(", ");
    return {
      ...{ name: file.slice(0, -".pem".length), pem, validTo },
      ...{ owner: readName(certificate.subjectAltName), isAuthority: certificate.ca },
      daysLeft: Math.floor((validTo.getTime() - now) / DAY_MS),
      fingerprint: certificate.fingerprint256,
      hosts: alternatives
        .filter((name) => /^(DNS|IP Address):/.test(name))
        .map((name) => name.slice(name.indexOf(":") + 1))
        .join(" "),
    };
  });
}

/** Prints them; the exit code is 3 when one of them ends soon. */
export function showAll(dir: string, json: boolean): void {
  const found = certificatesIn(dir);
  // How many, never which.
  const tokens = existsSync(tokenFile(dir)) ? readTokens(tokenFile(dir), "token").length : 0;
  if (found.some(({ daysLeft }) => daysLeft < SOON_DAYS)) process.exitCode = EXIT_SOON;
  if (json) {
    const certificates = found.map(({ name, validTo, daysLeft, fingerprint, hosts, ...one }) => ({
      ...{ file: `${name}.pem`, owner: ownerText(one), hosts, validTo, daysLeft, fingerprint },
    }));
    return console.log(JSON.stringify({ certificates, tokens }));
  }
  const rows = found.map((one) => [
    `${one.name}.pem`,
    ownerText(one),
    one.validTo.toISOString().slice(0, 10),
    one.daysLeft < 0 ? "ended" : `${one.daysLeft} days`,
    one.hosts,
  ]);
  console.log(table(["file", "of", "good until", "left", "hosts"], rows));
  console.log(`tokens: ${tokens}`);
}

const ownerText = ({ owner, isAuthority }: Pick<Found, "owner" | "isAuthority">): string =>
  owner === null ? (isAuthority ? "the authority" : "nobody of Ordeal") : nameText(owner);

function parse(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    const what = (error as Error).message;
    throw new UserError("no certificate", [
      { where: path, what, fix: "remove the file, or make it again" },
    ]);
  }
}
