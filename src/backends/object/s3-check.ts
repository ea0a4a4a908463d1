import { S3Refusal } from "./s3-client.ts";
import { type ObjectStore, type PutResult, Throttled } from "./store.ts";

const PROBE = "probe/conditions";
const IGNORED = "two writers would overwrite one another. Use a store with conditional writes.";

/**
 * Whether the store honours conditions: several that speak S3 read past them and overwrite, and everything here
 * rests on them. Puts over an object that is there, under conditions that cannot hold.
 *
 * @returns problems in words
 */
export async function checkConditions(store: ObjectStore): Promise<string[]> {
  const bytes = new TextEncoder().encode("Written by Cairn to see whether this store honours conditions.\n");
  const put = (condition: Parameters<ObjectStore["put"]>[2]) =>
    onceMore(() => store.put(PROBE, bytes, condition));
  await put("absent");
  const problems: string[] = [];
  if (await put("absent")) problems.push(`This store ignores If-None-Match: ${IGNORED}`);
  if (await put({ ifMatch: '"00000000000000000000000000000000"' }))
    problems.push(`This store ignores If-Match: ${IGNORED}`);
  return problems;
}

/** R2 takes one write a second to a key. */
async function onceMore(put: () => Promise<PutResult>): Promise<PutResult> {
  try {
    return await put();
  } catch (error) {
    if (!(error instanceof Throttled)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    return put();
  }
}

/** Of codes that S3 and its likes answer with; none says what was sent. */
const REFUSALS: Readonly<Record<string, string>> = {
  NoSuchBucket: "There is no such bucket.",
  InvalidAccessKeyId: "The store does not know this access key.",
  SignatureDoesNotMatch: "The secret access key is wrong.",
  ExpiredToken: "The credentials have expired.",
  InvalidToken: "The session token is not valid.",
  RequestTimeTooSkewed: "This machine's clock is more than 15 minutes off.",
  AccessDenied: "The credentials are not enough: objects must be read, put, deleted and listed.",
  PermanentRedirect: "The bucket is in another region.",
  AuthorizationHeaderMalformed: "The bucket is in another region.",
};

/** Why a store that was asked cannot be used, in words; `null` where it did not answer at all. */
export function checkFailure(error: unknown): string | null {
  const named = (error as { name?: string } | null)?.name === "CredentialsProviderError";
  if (named) return "No credentials for the bucket were found.";
  if (!(error instanceof S3Refusal)) return null;
  const { status, code } = error;
  if (REFUSALS[code]) return REFUSALS[code];
  if (status === 401 || status === 403) return REFUSALS.AccessDenied!;
  if (status === 301 || status === 307) return REFUSALS.PermanentRedirect!;
  return status === 404 ? REFUSALS.NoSuchBucket! : null;
}
