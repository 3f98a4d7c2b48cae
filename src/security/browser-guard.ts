import { isIP } from "node:net";
import { isLoopback } from "./exposed.ts";

/** Why a request is not served; `status` is HTTP's. */
export type HttpRefusal = {
  readonly status: 401 | 403 | 421;
  readonly error: string;
  readonly fix: string;
};

/**
 * What keeps the pages of other sites, in a browser that can reach this port, from reading and doing anything here;
 * null: the request is not theirs.
 *
 *   Host            an address, or one of `hosts`: a domain of somebody else's that was made to point here (DNS rebinding) is neither.
 *                   Where `hosts` are not all loopback, also a name that the public DNS does not have; on loopback not even that, for
 *                   in a strange network anybody may answer for NAME.local
 *   Origin          absent, as from programs, or our own
 *   Sec-Fetch-Site  absent, same-origin or none; following a link to what only shows something is a person's own doing
 */
export function refuseOtherSites(
  request: Pick<Request, "method" | "headers" | "url">,
  hosts: readonly string[],
): HttpRefusal | null {
  const { method, headers, url } = request;
  const host = headers.get("host") ?? "";
  const name = hostName(host);
  if (name === null || !(isAddress(name) || hosts.includes(name) || isOfNetwork(name, hosts))) {
    const error = "the Host of the request is no name of this node";
    return { status: 421, error, fix: "ask it by its address, or by the host of its settings" };
  }
  const foreign: HttpRefusal = {
    status: 403,
    error: "the request comes from a page of another site",
    fix: "send it from a program, without Origin",
  };
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${host}` && origin !== `https://${host}`) {
    return foreign;
  }
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return null;
  const isLink =
    method === "GET" &&
    !url.includes("/admin/") &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
  return isLink ? null : foreign;
}

/** Without the port, in small letters; null: it is no host. */
function hostName(host: string): string | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

/** Ends of names that the public DNS does not have: of home networks, clouds, and services of Kubernetes. */
const NOT_PUBLIC = [".local", ".internal", ".home.arpa", ".svc", ".test"];

const isAddress = (name: string): boolean => isIP(name) !== 0 || isLoopback(name);

/** Nobody can register it in the public DNS and point it here; only where others than this machine ask. */
const isOfNetwork = (name: string, hosts: readonly string[]): boolean =>
  !hosts.every(isLoopback) && (!name.includes(".") || NOT_PUBLIC.some((end) => name.endsWith(end)));
