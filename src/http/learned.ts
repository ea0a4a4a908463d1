import type { Profile } from "../checkpointing/profile.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Core } from "../state/core.ts";

/** The member and the header of an answer that a caller asked for by `Prefer: profile`; none where he did not. */
export async function profilePreferred(
  core: Core,
  { tenant }: PipelineKey,
  kind: string,
  preferred: ReadonlySet<string>,
): Promise<{ members: { profile?: Profile }; headers: Record<string, string> }> {
  if (!preferred.has("profile")) return { members: {}, headers: {} };
  const { profile } = await core.kinds.known(tenant, kind);
  return { members: { profile }, headers: { "Preference-Applied": "profile" } };
}
