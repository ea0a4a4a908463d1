import { stringifyLossless } from "../model/json/lossless.ts";
import { stateMetricsOf } from "../monitoring/state-metrics.ts";
import { detectInterrupted } from "../recovery/detect.ts";
import { exportPipeline } from "../recovery/export/export.ts";
import { importPipeline } from "../recovery/export/import.ts";
import { fork } from "../recovery/fork.ts";
import { mergeState } from "../recovery/merge/merge-state.ts";
import { cleanup } from "../recovery/retention/cleanup.ts";
import { recover, rollback } from "../recovery/rollback.ts";
import { createCheckpoint, deleteCheckpoint, listCheckpoints } from "../state/checkpoints.ts";
import { type Core, metricsKey } from "../state/core.ts";
import { diffCheckpoints } from "../state/diff.ts";
import { later } from "../state/later.ts";
import { deletePipeline, evaluate, listEvents, listPipelines } from "../state/pipelines.ts";
import { readState, wholeOf } from "../state/read.ts";
import { resume } from "../state/resume.ts";
import { saveState } from "../state/save.ts";
import { verifyCheckpoint } from "../state/verify.ts";
import type { Verbs } from "./verbs.ts";

/** Done by this process, for one tenant: the same code as the service. */
export function localVerbs(core: Core, tenant: string): Verbs {
  const on = (pipelineId: string) => [core, { tenant, pipelineId }] as const;
  return {
    async save(id, { mergeFrom: version, maxBytes, ...input }) {
      const saved =
        version === undefined
          ? saveState(...on(id), input)
          : mergeState(...on(id), { ...input, version, maxBytes });
      return (await saved).result;
    },
    async load(id) {
      const { state, content } = await readState(...on(id));
      const { version, contentType, savedAt, sha256 } = state;
      return { content: await wholeOf(content), version, contentType, savedAt, sha256 };
    },
    evaluate: (id, situation) => evaluate(...on(id), situation),
    createCheckpoint: async (id, input) => (await createCheckpoint(...on(id), input)).checkpoint,
    listCheckpoints: (id, page) => listCheckpoints(...on(id), page),
    deleteCheckpoint: async (id, checkpointId, caller) =>
      void (await deleteCheckpoint(...on(id), checkpointId, caller)),
    verifyCheckpoint: (id, checkpointId) => verifyCheckpoint(...on(id), checkpointId),
    async diffCheckpoints(id, from, to) {
      const { patch, bytes } = await diffCheckpoints(...on(id), from, to);
      return { patch: JSON.parse(stringifyLossless(patch)), bytes };
    },
    async resume(id, input) {
      const resumed = await resume(...on(id), input);
      const { point, replayed: _replayed, kind: _kind, policy: _policy, ...lease } = resumed;
      return { ...lease, content: point && (await wholeOf(point.content)) };
    },
    remove: async (id, caller) => void (await deletePipeline(...on(id), caller)),
    listEvents: (id, page) => listEvents(...on(id), page),
    cleanup: async (id, options) => ({ deleted: (await cleanup(...on(id), options)).deleted }),
    recover: async (id, target, caller) => told(await recover(...on(id), target, caller)),
    rollback: async (id, target, caller) => told(await rollback(...on(id), target, caller)),
    fork: async (id, target, caller) => told(await fork(...on(id), target, caller)),
    export: async (id) => exportPipeline(...on(id)),
    import: (id, file) => importPipeline(...on(id), file),
    listPipelines: (filter, page) => listPipelines(core, tenant, filter, page),
    listInterrupted: () => detectInterrupted(core, tenant),
    metrics: () => stateMetricsOf(core, tenant),
    count: (increments) => core.tally.count(metricsKey(tenant), increments),
    rest() {
      if (core.tally.claim()) void later().then(() => core.tally.flush());
    },
    async close() {
      await core.tally.close();
      await core.backend.close();
    },
  };
}

function told<T extends { replayed: boolean }>({ replayed: _replayed, ...result }: T): Omit<T, "replayed"> {
  return result;
}
