import type { StorageBackend, SumsKey } from "../backends/types.ts";
import { type Knowledge, knowledgeOf } from "../checkpointing/knowledge.ts";
import type { Profile } from "../checkpointing/profile.ts";
import { once } from "../model/once.ts";

/** So long does a process decide by what it read: what others learn meanwhile can wait. */
const FRESH_MS = 60_000;
/** A store that fails is asked again after this; decisions go on without it. */
const RETRY_MS = 5000;
const ENTRIES = 256;

/** Where the profile of a kind is kept. */
export function profileKey(tenant: string, kind: string): SumsKey {
  return { tenant, scope: `profile/${kind}` };
}

interface Entry {
  knowledge: Knowledge;
  until: number;
}

/** What is known of the kinds of pipelines, read from the store once a minute at most. */
export interface Kinds {
  /** Never rejects: where the store cannot be read, what was known before, or nothing, has to do. */
  known(tenant: string, kind: string): Promise<Knowledge>;
  /** Without asking the store: what is at hand, old as it may be, for those who must not wait. See `wanted`. */
  atHand(tenant: string, kind: string): Knowledge;
  /** Reads what was missing or old when `atHand` was asked, for the next time; null: there is nothing to read. */
  wanted(): (() => Promise<void>) | null;
  /** The next decision reads anew. */
  forget(tenant: string, kind: string): void;
  /** The same, read through another view of the store. */
  through(backend: Pick<StorageBackend, "sums">): Kinds;
}

/** Knows nothing. */
const NOTHING = once(() => knowledgeOf({}));

/** What all views of one store know together. */
interface Shared {
  entries: Map<string, Entry>;
  wanting: Map<string, { tenant: string; kind: string }>;
}

export function kinds(
  backend: Pick<StorageBackend, "sums">,
  shared: Shared = { entries: new Map(), wanting: new Map() },
): Kinds {
  const { entries, wanting } = shared;

  function keep(id: string, entry: Entry): Knowledge {
    entries.delete(id);
    entries.set(id, entry);
    const oldest = entries.keys().next().value;
    if (entries.size > ENTRIES && oldest !== undefined) entries.delete(oldest);
    return entry.knowledge;
  }

  // Each reads for itself: in workerd no request may wait for what another has begun.
  async function known(tenant: string, kind: string): Promise<Knowledge> {
    const id = `${tenant}/${kind}`;
    const before = entries.get(id);
    if (before && Date.now() < before.until) return before.knowledge;
    try {
      const profile: Profile = await backend.sums(profileKey(tenant, kind));
      return keep(id, { knowledge: knowledgeOf(profile), until: Date.now() + FRESH_MS });
    } catch {
      return keep(id, { knowledge: before?.knowledge ?? NOTHING(), until: Date.now() + RETRY_MS });
    }
  }

  return {
    known,
    atHand(tenant, kind) {
      const id = `${tenant}/${kind}`;
      const entry = entries.get(id);
      if (!entry || Date.now() >= entry.until) wanting.set(id, { tenant, kind });
      return entry?.knowledge ?? NOTHING();
    },
    wanted() {
      const all = [...wanting.values()];
      wanting.clear();
      if (all.length === 0) return null;
      return async () => void (await Promise.all(all.map(({ tenant, kind }) => known(tenant, kind))));
    },
    forget: (tenant, kind) => void entries.delete(`${tenant}/${kind}`),
    through: (view) => kinds(view, shared),
  };
}
