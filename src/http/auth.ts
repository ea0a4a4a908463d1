import { fromHex, sha256 } from "../frames/digest.ts";
import { CairnError } from "../model/errors.ts";
import { formatPointer } from "../model/json/pointer.ts";
import { TenantId } from "../model/names.ts";
import { once } from "../model/once.ts";
import { present } from "../model/present.ts";
import * as z from "../model/zod.ts";
import { OPERATOR } from "../state/operator.ts";
import type { Quota } from "../state/quota-rules.ts";

const SCOPES = ["read", "write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

const Keys = once(() => z.array(ApiKey()).check(z.minLength(1, "needs at least one key")));
const ApiKey = once(() =>
  z.strictObject({
    id: z.string().check(z.minLength(1), z.maxLength(128)),
    tenant: TenantId(),
    scopes: z.array(z.enum(SCOPES)).check(z.minLength(1)),
    sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/, "64 lowercase hex digits: the SHA-256 of the key")),
    quota: z.optional(z.strictObject({ bytes: z.optional(Limit()), pipelines: z.optional(Limit()) })),
  }),
);
const Limit = once(() => z.int().check(z.minimum(1)));

export interface ApiKeys {
  readonly entries: readonly (Identity & { readonly digest: Uint8Array })[];
  /** What is said of tenants' quotas with their keys. */
  readonly quotas: ReadonlyMap<string, Partial<Quota>>;
}

/** Who asks, and what they may do. */
export interface Identity {
  /** Of the key; it names it in logs. */
  readonly id: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
}

/** Who asks where no keys are configured. */
const LOCAL: Identity = { id: "local", tenant: "local", scopes: SCOPES };

/** All who may ask. */
export function tenantsOf(keys: ApiKeys | null): string[] {
  return keys ? [...new Set(keys.entries.map(({ tenant }) => tenant))] : [LOCAL.tenant];
}

/** The quota of each tenant that has one: what its keys say, else what holds for all. */
export function quotasOf(keys: ApiKeys | null, byDefault: Quota): Map<string, Quota> {
  const all = tenantsOf(keys).map(
    (tenant) => [tenant, { ...byDefault, ...keys?.quotas.get(tenant) }] as const,
  );
  return new Map(
    all.filter(([, quota]) => Math.min(quota.bytes, quota.pipelines) < Number.POSITIVE_INFINITY),
  );
}

/**
 * Reads `CAIRN_API_KEYS`: a JSON array of `{id, tenant, scopes, sha256, quota?}`. Absent or empty text is null: no keys.
 *
 * @throws CairnError `invalid_configuration` with all problems together; never with the keys themselves
 */
export function parseApiKeys(json: string | undefined): ApiKeys | null {
  if (json === undefined || json.trim() === "") return null;
  const parsed = Keys().safeParse(parseJson(json));
  if (!parsed.success) {
    throw invalid(parsed.error.issues.map(({ path, message }) => [formatPointer(path.map(String)), message]));
  }
  const twice = repeated(parsed.data);
  const reserved = parsed.data.flatMap(({ tenant }, i): [string, string][] =>
    tenant === OPERATOR ? [[formatPointer([String(i), "tenant"]), "is the service's own"]] : [],
  );
  const { quotas, problems } = quotasIn(parsed.data);
  if (twice.length + reserved.length + problems.length > 0)
    throw invalid([...twice, ...reserved, ...problems]);
  return {
    quotas,
    entries: parsed.data.map(({ sha256, quota: _, ...identity }) => ({
      ...identity,
      digest: fromHex(sha256)!,
    })),
  };
}

/** A tenant has one quota, whichever of its keys says so. */
function quotasIn(keys: z.output<ReturnType<typeof Keys>>) {
  const quotas = new Map<string, Partial<Quota>>();
  const problems: [string, string][] = [];
  for (const [i, { tenant, quota }] of keys.entries()) {
    if (!quota) continue;
    const { bytes, pipelines } = quotas.get(tenant) ?? quota;
    if (bytes !== quota.bytes || pipelines !== quota.pipelines)
      problems.push([formatPointer([String(i), "quota"]), "is not what another key of the tenant says"]);
    quotas.set(tenant, present(quota));
  }
  return { quotas, problems };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid([["", "is not JSON"]]);
  }
}

/** One key with two entries would have two tenants. */
function repeated(keys: z.output<ReturnType<typeof Keys>>): [string, string][] {
  return (["id", "sha256"] as const).flatMap((name) =>
    keys.flatMap((key, i): [string, string][] =>
      keys.findIndex((other) => other[name] === key[name]) < i
        ? [[formatPointer([String(i), name]), "is that of another key"]]
        : [],
    ),
  );
}

function invalid(problems: [pointer: string, message: string][]): CairnError {
  const errors = problems.map(([pointer, message]) => ({ pointer: `CAIRN_API_KEYS${pointer}`, message }));
  const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
  return new CairnError("invalid_configuration", detail, { errors });
}

/**
 * Who sends the request. Without keys, only callers on this machine are served, as tenant `local` with all
 * scopes; and no page of another origin, for any site in this machine's browser can reach loopback.
 *
 * @throws CairnError `unauthorized`, `forbidden`
 */
export async function authenticate(
  request: Request,
  keys: ApiKeys | null,
  origins: readonly string[],
): Promise<Identity> {
  if (keys) return byKey(request.headers.get("Authorization"), keys);
  if (!isLoopback(request.url)) {
    const detail = "No API keys are configured, so only callers on localhost are served. Set CAIRN_API_KEYS.";
    throw new CairnError("unauthorized", detail);
  }
  const origin = request.headers.get("Origin");
  if (origin === null || origins.includes(origin) || request.url.startsWith(`${origin}/`)) return LOCAL;
  throw new CairnError("forbidden", "Without API keys, pages of other origins are not served.");
}

/** @throws CairnError `forbidden` unless the key has the very scope: none implies another */
export function requireScope(identity: Identity, scope: Scope): void {
  if (identity.scopes.includes(scope)) return;
  throw new CairnError("forbidden", `This needs a key with the scope \`${scope}\`.`);
}

/** The URL's host as it was asked for; a name is never resolved. */
function isLoopback(url: string): boolean {
  return /^https?:\/\/(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]*)?([/?#]|$)/i.test(url);
}

/** Two Authorization headers arrive joined by a comma, which no token holds (RFC 6750 §2.1). */
async function byKey(authorization: string | null, { entries }: ApiKeys): Promise<Identity> {
  const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
  const found = token === undefined ? undefined : await findKey(token, entries);
  if (found) return found;
  const detail =
    authorization === null ? "Send the header Authorization: Bearer <key>." : "The key is not known.";
  throw new CairnError("unauthorized", detail);
}

/** Compares with every entry, found or not, so that time tells nothing of which keys there are. */
async function findKey(token: string, entries: ApiKeys["entries"]): Promise<Identity | undefined> {
  const digest = await sha256(new TextEncoder().encode(token));
  let found: Identity | undefined;
  for (const entry of entries) if (isSame(entry.digest, digest)) found = entry;
  return found;
}

/** Of one length; looks at every byte, whatever it finds. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.reduce((difference, byte, i) => difference | (byte ^ b[i]!), 0) === 0;
}
