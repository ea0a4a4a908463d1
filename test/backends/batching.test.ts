import { expect, test } from "vitest";
import { batched } from "../../src/backends/batching.ts";
import { change } from "../../src/backends/contract/support.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { CairnError } from "../../src/model/errors.ts";
import { send } from "../../src/state/commit.ts";
import { createCore } from "../../src/state/core.ts";

/** As a store does that rolls a batch back when one row of it is locked. */
function withLocked(locked: string, store: StorageBackend): StorageBackend {
  return {
    ...store,
    async commit(commits) {
      if (commits.every(({ key }) => key.pipelineId !== locked)) return store.commit(commits);
      throw new CairnError("backend_unavailable", "locked");
    },
  };
}

test("one commit that fails, again and again, fails no other of its batch", async () => {
  const backend = batched(withLocked("p3", memoryBackend()), 10);
  const core = createCore({ backend });
  const commits = Array.from({ length: 10 }, (_, i) =>
    change({ tenant: "t", pipelineId: `p${i}` }, {}, { expect: { create: "allowed" } }),
  );
  const sent = await Promise.allSettled(commits.map((commit) => send(core, commit)));
  const failed = sent.flatMap((each, i) => (each.status === "rejected" ? [[i, each.reason.code]] : []));
  // The batch as a whole left it open; that it fails by itself does not say what became of it there.
  expect(failed).toEqual([[3, "outcome_unknown"]]);
});
