import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { shuffled } from "../model/shuffled.ts";
import type { Core } from "../state/core.ts";
import { type Resumed, resume } from "../state/resume.ts";

export interface ClaimInput {
  owner: string;
  ttlSeconds: number;
  /** Only pipelines of these kinds. @default all */
  kinds?: readonly string[];
  /** @default 1 */
  limit?: number;
}

export type Claimed = Resumed & { pipelineId: string };

/** How many interrupted pipelines one call looks at, at most: it must end. */
const LOOKED_AT = 500;
const PAGE = 50;

/**
 * Takes interrupted pipelines of a tenant to go on with, as `resume` does. Each goes to one claimer: whoever's commit
 * comes first, for it is bound to the revision at which the pipeline was interrupted. Those that cannot be resumed
 * (nothing of them verifies) are left to be looked at by a person.
 */
export async function claim(core: Core, tenant: string, input: ClaimInput): Promise<Claimed[]> {
  const { owner, ttlSeconds, kinds, limit = 1 } = input;
  const claimed: Claimed[] = [];
  for await (const key of interrupted(core, tenant, kinds)) {
    if (claimed.length >= limit) break;
    const resumed = await resume(core, key, { owner, ttlSeconds, interruptedOnly: true }).catch(passOver);
    if (resumed) claimed.push({ pipelineId: key.pipelineId, ...resumed });
  }
  return claimed;
}

/** What another took meanwhile, or nobody can resume, is none of this claimer's. */
function passOver(error: unknown): null {
  const codes = [
    "invalid_transition",
    "lease_held",
    "fence_lost",
    "not_found",
    "pipeline_deleted",
    "unrecoverable",
    // A later release's: one of its processes will take it, and the others can be claimed meanwhile.
    "unsupported_format",
  ];
  if (error instanceof CairnError && codes.includes(error.code)) return null;
  throw error;
}

/** Those of other kinds do not count: however many of them nobody takes, they keep nobody from these. */
async function* interrupted(
  core: Core,
  tenant: string,
  kinds: readonly string[] | undefined,
): AsyncGenerator<PipelineKey> {
  // The store finds one kind; for several, it need not look at everything several times.
  const one = kinds?.length === 1 ? { kind: kinds[0]! } : {};
  let looked = 0;
  for (let cursor: string | null | undefined; cursor !== null && looked < LOOKED_AT; ) {
    const page = { limit: PAGE, ...(cursor ? { cursor } : {}) };
    const found = await core.backend.pipelines(tenant, { status: "interrupted", ...one }, page);
    const wanted = found.data.filter(({ kind }) => kinds === undefined || kinds.includes(kind));
    looked += wanted.length;
    // Claimers who come together begin at different places.
    for (const { pipelineId } of shuffled(wanted)) yield { tenant, pipelineId };
    cursor = found.cursor;
  }
}
