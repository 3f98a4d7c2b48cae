/** Who may ask, as the OpenAPI document says it. Who sees to it: guard.ts, and TLS. */
export const SECURITY_SCHEMES = {
  bearerToken: {
    type: "http",
    scheme: "bearer",
    description:
      "Of a node with clientAuth token: a token of its tokenFile, as Authorization: Bearer TOKEN, over HTTPS.",
  },
  clientCertificate: {
    type: "mutualTLS",
    description:
      "Of a node with clientAuth cert: a certificate that the cluster's authority has signed.",
  },
} as const;

/**
 * Of every operation, /healthz, /metrics and this document too: what the node asks for. The last one, nothing, is of
 * nodes on loopback and those with --insecure or clientAuth none.
 */
export const SECURITY = [{ bearerToken: [] }, { clientCertificate: [] }, {}] as const;

const refusal = (description: string, headers?: object) => ({
  description,
  ...(headers && { headers }),
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
});

/** What any request may be answered before an operation sees it, by the name that operations refer to it. */
export const REFUSALS = {
  Unauthorized: refusal("No token was shown that the node takes: nothing was looked at.", {
    "WWW-Authenticate": { schema: { type: "string" }, example: "Bearer" },
  }),
  OtherSite: refusal(
    "A browser sends it for a page of another site (Origin, Sec-Fetch-Site). A request with a token is not asked this.",
  ),
  OtherHost: refusal(
    "The Host is no name of this node (DNS rebinding). A request with a token is not asked this.",
  ),
} as const;

const named = (name: keyof typeof REFUSALS) => ({ $ref: `#/components/responses/${name}` });

/** By status; an operation's own words of one stand before these. */
export const REFUSED: Readonly<Record<number, object>> = {
  401: named("Unauthorized"),
  403: named("OtherSite"),
  421: named("OtherHost"),
};
