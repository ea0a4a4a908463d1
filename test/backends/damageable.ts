import type { Subject } from "../../src/backends/contract.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { damaging } from "../support/tamper/damage.ts";
import { overlaid, type Replaced } from "../support/tamper/medium.ts";

/**
 * A store whose medium can be damaged: what it reads back is then not what was written. A frame is damaged once: a
 * bit that is flipped twice is right again.
 *
 * @param replaced what is damaged, to be shared between clients of one store
 */
export function damageable(
  inner: StorageBackend,
  replaced?: Replaced,
): Required<Pick<Subject, "backend" | "damage">> {
  const { backend, medium } = overlaid(inner, replaced);
  const damage = damaging(medium);
  const damaged = new Set<string>();
  return {
    backend,
    async damage(key, link, how) {
      const name = `${key.tenant}/${key.pipelineId}/${link.frameId}`;
      if (damaged.has(name)) return;
      damaged.add(name);
      await damage(key, link, how);
    },
  };
}
