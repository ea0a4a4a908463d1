import { PRIOR_MTBF_SECONDS } from "../checkpointing/knowledge.ts";
import { failuresPerHour, type Profile } from "../checkpointing/profile.ts";
import type { Core } from "./core.ts";
import { profileKey } from "./kinds.ts";

/** What was learned of a kind, for people; `sums` is what it follows from. */
export interface Learned {
  kind: string;
  /** Machines that died, and how long all machines lived together (s). */
  failures: number;
  uptimeSeconds: number;
  /** The prior's while nothing is known. */
  failuresPerHour: number;
  /** Saves seen, and what one takes on average (s). */
  saves: number;
  saveSeconds: number | null;
  recoveries: number;
  recoverySeconds: number | null;
  sums: Profile;
}

/** As it is in the store, with what this process has counted. */
export async function learnedOf(core: Core, tenant: string, kind: string): Promise<Learned> {
  await core.tally.flush();
  const sums = await core.backend.sums(profileKey(tenant, kind));
  const { n = 0, x = 0, c = 0, cs = 0, r = 0, rs = 0 } = sums;
  return {
    kind,
    ...{ failures: n, uptimeSeconds: x, failuresPerHour: failuresPerHour(sums, PRIOR_MTBF_SECONDS) },
    ...{ saves: c, saveSeconds: c > 0 ? cs / c : null },
    ...{ recoveries: r, recoverySeconds: r > 0 ? rs / r : null },
    sums,
  };
}

/** What others count at the same time may be there after it. */
export async function resetProfile(core: Core, tenant: string, kind: string): Promise<void> {
  await core.tally.flush();
  await core.backend.clearSums(profileKey(tenant, kind));
  core.kinds.forget(tenant, kind);
}
