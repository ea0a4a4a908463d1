/** Top-level names that never mean a host on the public internet (RFC 6761, RFC 7686, RFC 8375, RFC 9476 and habit). */
const PRIVATE_SUFFIXES = new Set(
  "localhost localdomain local internal intranet private corp home lan arpa onion alt test invalid".split(
    " ",
  ),
);
/** A label of a host name: letters, digits and hyphens (RFC 1123 §2.1). */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const FIRST_FREE_PORT = 1024;

/**
 * Why a webhook may not be sent to this URL, or null when it may. The spelling is judged after the URL parser has
 * made it canonical, which undoes decimal, octal, hex, percent-encoded and full-width addresses. Where the name
 * leads to is another question, asked at each delivery.
 *
 * @param allow exact origins that may be called whatever these rules say: for tests and local development
 * @returns a reason for the caller, without anything of the URL, whose path may be a secret
 */
export function targetProblem(target: string, allow: readonly string[] = []): string | null {
  if (!URL.canParse(target)) return "must be an absolute URL";
  const url = new URL(target);
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (isAllowed(url, allow)) return null;
  if (url.protocol !== "https:") return "must be an https URL";
  if (url.port !== "" && Number(url.port) < FIRST_FREE_PORT) return "must name port 443, or one from 1024 up";
  return nameProblem(url.hostname);
}

/** Whether the origin is one of those that are exempt from the rules. */
export function isAllowed(url: URL, allow: readonly string[]): boolean {
  // Every opaque origin is the text "null".
  return url.origin !== "null" && allow.includes(url.origin);
}

function nameProblem(host: string): string | null {
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return "must name a host, not an address";
  const labels = host.split(".");
  if (host.length > 253 || !labels.every((label) => LABEL.test(label)))
    return "must name a host by its DNS name";
  if (labels.length < 2) return "must name a host by its full DNS name";
  return PRIVATE_SUFFIXES.has(labels.at(-1)!) ? "must name a host on the public internet" : null;
}
