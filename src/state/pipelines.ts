import type { Effects, Page, PageRequest, PipelineFilter } from "../backends/types.ts";
import type { Decision } from "../model/checkpoint.ts";
import type { PipelineEvent } from "../model/event.ts";
import type { PipelineKey } from "../model/ids.ts";
import type { Labels, Settings } from "../model/pipeline.ts";
import type { PipelineSummary, PipelineView } from "../model/pipeline-view.ts";
import type { Situation } from "../model/task.ts";
import { pipelineSummary, pipelineView } from "../model/views.ts";
import type { Committed } from "./commit.ts";
import type { Caller, Core } from "./core.ts";
import { learnEnd } from "./learning.ts";
import { requireHead } from "./read.ts";
import { decideToSave } from "./standing.ts";
import { checkWebhook } from "./webhook.ts";
import { type Write, writeBlind } from "./write.ts";

/**
 * Registers a pipeline, or changes the settings given.
 *
 * @throws CairnError `malformed` when its webhook may not be called, and what every write throws
 */
export async function registerPipeline(
  core: Core,
  key: PipelineKey,
  settings: Settings,
  caller: Caller,
): Promise<{ pipeline: PipelineView; created: boolean; replayed: boolean }> {
  checkWebhook(core, settings);
  const write: Write = { key, caller, request: ["register", settings], expect: { create: "allowed" } };
  const { head, result, replayed } = await writeBlind(core, write, { settings });
  return { pipeline: pipelineView(head), created: result.created, replayed };
}

/**
 * Ends a pipeline, or changes its labels.
 *
 * @throws CairnError `invalid_transition` when it ended otherwise already, and what every write throws
 */
export async function updatePipeline(
  core: Core,
  key: PipelineKey,
  change: { status?: "completed" | "failed" | "cancelled"; labels?: Labels },
  caller: Caller,
): Promise<{ pipeline: PipelineView; replayed: boolean }> {
  const { status, labels } = change;
  const write: Write = { key, caller, request: ["update", change], expect: { create: "never" } };
  const effects: Effects = {
    ...(labels ? { settings: { labels } } : {}),
    ...(status ? { status, events: [{ type: status }] } : {}),
  };
  const { head, replayed } = await writeBlind(core, write, effects);
  if (status && !replayed) learnEnd(core, key, head);
  return { pipeline: pipelineView(head), replayed };
}

export async function getPipeline(core: Core, key: PipelineKey): Promise<PipelineView> {
  return pipelineView(await requireHead(core, key));
}

export async function listPipelines(
  core: Core,
  tenant: string,
  filter: PipelineFilter,
  page: PageRequest,
): Promise<Page<PipelineSummary>> {
  const { data, cursor } = await core.backend.pipelines(tenant, filter, page);
  return { data: data.map(pipelineSummary), cursor };
}

export async function listEvents(
  core: Core,
  key: PipelineKey,
  page: PageRequest,
): Promise<Page<PipelineEvent>> {
  await requireHead(core, key);
  return core.backend.events(key, page);
}

/** Deletes all of a pipeline but a tombstone (fence, version), which keeps what is old from passing for new. */
export async function deletePipeline(core: Core, key: PipelineKey, caller: Caller): Promise<Committed> {
  const write: Write = { key, caller, request: ["delete"], expect: { create: "never" } };
  return writeBlind(core, write, { remove: true });
}

/** Whether a checkpoint is worth it now, by the pipeline's policy, without saving anything. */
export async function evaluate(core: Core, key: PipelineKey, situation: Situation): Promise<Decision> {
  const head = await requireHead(core, key);
  const knowledge = await core.kinds.known(key.tenant, head.kind);
  return decideToSave(core, key, head, situation, knowledge, Date.now());
}
