import type { Socket } from "bun";
import type { NodeSecurity } from "./node-security.ts";

/** `tls` of Bun.listen and Bun.serve. `certificate`: what the other side has to show. */
export const tlsOfServer = (
  { ca, cert, key }: NodeSecurity,
  certificate: "must" | "may" | "unasked",
) =>
  ({
    ...{ ca, cert, key },
    requestCert: certificate !== "unasked",
    // Said outright: the default depends on the environment (oven-sh/bun#35240).
    rejectUnauthorized: certificate === "must",
  }) as const;

/** The alternative names of a certificate that the other side has shown and our authority has signed; else undefined. */
export const certifiedNames = (socket: Socket<unknown>): string | undefined => {
  if (!(socket as { readonly authorized?: boolean }).authorized) return undefined;
  const shown = socket.getPeerCertificate() as { readonly subjectaltname?: string } | null;
  return shown?.subjectaltname;
};

/** Why a TLS handshake has failed, in words for a log. */
export function tlsFailure(error: Error | null): string {
  const { code, message } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  const known: Readonly<Record<string, string>> = {
    EPROTO: "no TLS, or no certificate, is spoken",
    ECONNRESET: "the other side broke it off",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate is of another authority",
    SELF_SIGNED_CERT_IN_CHAIN: "the certificate is of another authority",
    DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is of another authority",
    CERT_HAS_EXPIRED: "the certificate has expired",
  };
  const why = known[code ?? ""];
  const text = code ?? message ?? "unknown";
  return `the TLS handshake failed: ${why === undefined ? text : `${why} (${text})`}`;
}
