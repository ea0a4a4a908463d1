import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { OutcomeUnknown } from "../../src/model/errors.ts";

/**
 * How a commit's outcome becomes unknown: it never arrived, it was applied and the answer lost, or it is still
 * on its way and arrives just before the next one.
 */
export type Fault = "before" | "after" | "late";

/** A store behind a bad line. Faults are planned; each hits the next commit. */
export function flaky(inner: StorageBackend): { backend: StorageBackend; plan(...faults: Fault[]): void } {
  let faults: Fault[] = [];
  let delayed: (readonly Commit[])[] = [];

  async function commit(commits: readonly Commit[]) {
    const arriving = delayed;
    delayed = [];
    for (const each of arriving) await inner.commit(each);
    const fault = faults.shift();
    if (fault === "late") delayed.push(commits);
    if (fault === "after") await inner.commit(commits);
    if (fault) throw new OutcomeUnknown(`as planned: ${fault}`);
    return inner.commit(commits);
  }

  return {
    backend: { ...inner, commit },
    plan(...next) {
      faults = next;
    },
  };
}
