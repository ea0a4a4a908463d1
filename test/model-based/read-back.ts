import { CairnError } from "../../src/model/errors.ts";
import { listCheckpoints, readCheckpoint } from "../../src/state/checkpoints.ts";
import type { Core } from "../../src/state/core.ts";
import { getPipeline, listEvents, listPipelines } from "../../src/state/pipelines.ts";
import { readState, type StateContent, wholeOf } from "../../src/state/read.ts";
import { NAMES } from "./commands.ts";
import { iso, type Pipeline, type World } from "./model.ts";
import { keyOf } from "./service.ts";
import { facts } from "./verbs.ts";

type Page<T> = { data: T[]; cursor: string | null };

async function all<T>(page: (cursor: { cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const first = await page({});
  const { data } = first;
  for (let { cursor } = first; cursor !== null; ) {
    const next = await page({ cursor });
    data.push(...next.data);
    cursor = next.cursor;
  }
  return data;
}

async function orCode<T>(reading: Promise<T>): Promise<T | { error: string }> {
  return reading.catch((error: unknown) => {
    if (error instanceof CairnError) return { error: error.code };
    throw error;
  });
}

/** Everything that can be read of the world: through the service. */
export async function seen(core: Core): Promise<unknown> {
  const pipelines = await Promise.all(
    NAMES.map(async (name) => [name, await orCode(pipelineSeen(core, name))]),
  );
  const tenants = await Promise.all(
    ["a", "b"].map(async (tenant) => {
      const list = await all((cursor) => listPipelines(core, tenant, {}, { limit: 1, ...cursor }));
      return list.map(({ pipelineId, version, status }) => ({ pipelineId, version, status }));
    }),
  );
  return { pipelines, tenants };
}

async function contentText({ content }: Pick<StateContent, "content">): Promise<string> {
  return Buffer.from(await wholeOf(content)).toString();
}

async function pipelineSeen(core: Core, name: string) {
  const key = keyOf(name);
  const view = await getPipeline(core, key);
  const { version, fence, status, attempt, kind, labels, lease, bytes, sha256, contentType } = view;
  const state = await orCode(readState(core, key).then(contentText));
  const checkpoints = await all((cursor) => listCheckpoints(core, key, { limit: 2, ...cursor }));
  const events = await all((cursor) => listEvents(core, key, { limit: 7, ...cursor }));
  return {
    ...{ version, fence, status, attempt, kind, labels, bytes, sha256, contentType, state },
    lease: lease && { owner: lease.owner, ttlSeconds: lease.ttlSeconds, expiresAt: lease.expiresAt },
    last: [view.checkpointCount, view.lastCheckpoint?.sequence ?? null],
    checkpoints: await Promise.all(
      checkpoints.map(async (each) => ({
        ...{ sequence: each.sequence, version: each.version, source: each.source, label: each.label },
        ...{ sha256: each.sha256, quarantined: each.quarantinedAt !== null },
        content: await orCode(readCheckpoint(core, key, each.checkpointId).then(contentText)),
      })),
    ),
    events: events.map((event) => event.type),
  };
}

/** The same, of the model. */
export function meant(world: World): unknown {
  const living = (name: string) => {
    const pipeline = world.pipelines.get(name);
    return pipeline && !pipeline.deleted ? pipeline : null;
  };
  const pipelines = NAMES.map((name) => {
    const pipeline = living(name);
    return [name, pipeline ? pipelineMeant(pipeline) : { error: "not_found" }];
  });
  const tenants = ["a/", "b/"].map((prefix) =>
    NAMES.filter((name) => name.startsWith(prefix)).flatMap((name) => {
      const pipeline = living(name);
      if (!pipeline) return [];
      return [{ pipelineId: name.slice(2), version: pipeline.version, status: pipeline.status }];
    }),
  );
  return { pipelines, tenants };
}

function pipelineMeant(pipeline: Pipeline) {
  const { version, fence, status, attempt, kind, labels, lease, state, checkpoints, events } = pipeline;
  const content = state && facts(state.blob);
  return {
    ...{ version, fence, status, attempt, kind, labels },
    ...{ bytes: content?.bytes ?? 0, sha256: content?.sha256 ?? null, contentType: state?.blob.type ?? null },
    state: state ? textOf(state.blob) : { error: "not_found" },
    lease: lease && { owner: lease.owner, ttlSeconds: lease.ttlSeconds, expiresAt: iso(lease.endsAt) },
    last: [checkpoints.length, checkpoints.at(-1)?.sequence ?? null],
    checkpoints: checkpoints.toReversed().map((each) => ({
      ...{ sequence: each.sequence, version: each.version, source: each.source, label: each.label },
      ...{ sha256: facts(each.blob).sha256, quarantined: each.quarantined, content: textOf(each.blob) },
    })),
    events: events.toReversed(),
  };
}

function textOf({ text, damaged }: { text: string; damaged: boolean }) {
  return damaged ? { error: "unrecoverable" } : text;
}
