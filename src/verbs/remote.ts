import type { Cairn, SaveBytesOptions, TaskFacts } from "../client/index.ts";
import type { Pipeline } from "../client/pipeline.ts";
import { readJson } from "../client/send.ts";
import { CairnError, type ErrorCode } from "../model/errors.ts";
import { present } from "../model/present.ts";
import type { Situation } from "../model/task.ts";
import type { Imported } from "../recovery/export/import.ts";
import { openExport } from "../recovery/export/open.ts";
import type { Caller } from "../state/core.ts";
import type { Precondition } from "../state/write.ts";
import { cairnErrorOf } from "./errors.ts";
import { type Call, replay } from "./replay.ts";
import type { SaveRequest, Taken, Verbs } from "./verbs.ts";

/** What may have been done although no answer came. */
const WRITES: readonly (keyof Verbs)[] = [
  ...(["save", "createCheckpoint", "deleteCheckpoint", "resume", "remove", "cleanup"] as const),
  ...(["recover", "rollback", "fork", "import"] as const),
];

/** Done by a service, for the tenant of the client's key: with the same results and errors as in this process. */
export function remoteVerbs(cairn: Cairn): Verbs {
  const on = (id: string) => cairn.pipeline(id);
  const verbs: Verbs = {
    save: (id, request) => on(id).saveBytes(request.content, saveOptions(request)),
    async load(id) {
      const loaded = await on(id).loadBytes();
      if (!loaded) throw new CairnError("not_found", "There is no such pipeline, or no state yet.");
      const { bytes: content, ...facts } = loaded;
      return { content, ...facts };
    },
    evaluate: (id, situation) => on(id).evaluate(situation),
    createCheckpoint(id, { caller, data, ...rest }) {
      return on(id).createCheckpoint({ ...rest, ...unforced(caller), ...(data && { data: jsonOf(data) }) });
    },
    listCheckpoints: async (id, page) => pageOf(await on(id).listCheckpoints(page)),
    deleteCheckpoint: (id, checkpointId, caller) => on(id).deleteCheckpoint(checkpointId, unforced(caller)),
    verifyCheckpoint: (id, checkpointId) => on(id).verifyCheckpoint(checkpointId),
    diffCheckpoints: (id, from, to) => on(id).diffCheckpoints(from, to),
    resume: (id, input) => resume(on(id), input),
    remove: (id, caller) => on(id).delete(caller),
    listEvents: async (id, page) => pageOf(await on(id).listEvents(page)),
    cleanup: (id, options) => on(id).cleanup(options),
    recover: async (id, { checkpointId, select }, caller) =>
      restored(await on(id).recover({ checkpointId, select, ...caller })),
    rollback: async (id, target, caller) => restored(await on(id).rollback({ ...target, ...caller })),
    async fork(id, { pipelineId, ...from }, caller) {
      const { forkedFrom, ...pipeline } = await on(id).fork(pipelineId, { ...from, ...caller });
      return { pipeline, forkedFrom };
    },
    export: async (id) => piecesOf((await on(id).export()) as ReadableStream & AsyncIterable<Uint8Array>),
    import: (id, file) => importFile(cairn, id, file),
    listPipelines: async (filter, page) => pageOf(await cairn.listPipelines(filter, page)),
    listInterrupted: () => cairn.listInterrupted(),
    metrics: () => cairn.metrics(),
    // The service counts what it does, and its client is its caller's.
    count() {},
    rest() {},
    close: async () => {},
  };
  return withErrors(verbs);
}

/** Everything they reject with is a CairnError. */
function withErrors(verbs: Verbs): Verbs {
  const wrapped = Object.entries(verbs).map(([name, verb]) => {
    const silence: ErrorCode = WRITES.includes(name as keyof Verbs)
      ? "outcome_unknown"
      : "backend_unavailable";
    const call = async (...given: unknown[]) => {
      try {
        return await (verb as (...given: unknown[]) => unknown)(...given);
      } catch (error) {
        throw cairnErrorOf(error, silence);
      }
    };
    return [name, call];
  });
  return Object.fromEntries(wrapped);
}

function saveOptions(request: SaveRequest): SaveBytesOptions {
  const { caller, checkpoint, label, situation, policy, precondition, mergeFrom, contentType } = request;
  return {
    ...unforced(caller),
    ...conditionOf(precondition),
    ...{ contentType, checkpoint, label, strategy: policy?.strategy },
    ...(situation && { task: taskOf(situation) }),
    ...(mergeFrom !== undefined && { ifMatch: mergeFrom, onConflict: "merge" }),
  };
}

function conditionOf(
  precondition: Precondition | undefined,
): Pick<SaveBytesOptions, "ifMatch" | "ifNoneMatch"> {
  if (precondition === "absent") return { ifNoneMatch: "*" };
  if (precondition === "present") return { ifMatch: "*" };
  return { ifMatch: precondition?.versions[0] };
}

/** @throws CairnError `malformed` for what a service knows by itself */
function taskOf({ task, event, progress, ...known }: Situation): TaskFacts {
  const [name] = Object.keys(present(known));
  if (name !== undefined) throw refused(`/situation/${name}`, "is what a service knows by itself");
  return { ...task, event, progress };
}

/** @throws CairnError `malformed` */
function unforced({ force, ...caller }: Caller): Caller {
  if (force) throw refused("/force", "a service takes no lease away for this: resume the pipeline first");
  return caller;
}

/** @throws CairnError `malformed` */
function jsonOf({ content, contentType }: { content: Uint8Array; contentType: string }): unknown {
  if (contentType !== "application/json") throw refused("/data", "a service keeps only JSON as data");
  return JSON.parse(new TextDecoder().decode(content));
}

function refused(pointer: string, message: string): CairnError {
  return new CairnError("malformed", `${pointer}: ${message}.`, { errors: [{ pointer, message }] });
}

async function resume(pipeline: Pipeline, input: Parameters<Verbs["resume"]>[1]): Promise<Taken> {
  const { fence, owner, expiresAt, attempt, version, checkpointId, contentType, stateUrl } =
    await pipeline.resume(input);
  const loaded = stateUrl === null ? null : await pipeline.loadBytes();
  if (stateUrl !== null && loaded?.version !== version)
    throw new CairnError("fence_lost", "Another has taken the lease since, and saved.");
  const lease = { fence, owner, expiresAt, attempt, version, checkpointId, contentType };
  return { ...lease, content: loaded?.bytes ?? null };
}

function pageOf<T>({ data, cursor }: { data: T[]; cursor: string | null }) {
  return { data, cursor };
}

function restored<T extends { pipelineId: string }>({ pipelineId: _id, ...facts }: T): Omit<T, "pipelineId"> {
  return facts;
}

async function* piecesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* stream;
  } catch (cause) {
    throw new CairnError("backend_unavailable", "The service broke the file off.", { cause });
  }
}

async function importFile(cairn: Cairn, id: string, file: Blob): Promise<Imported> {
  const { leftOut } = await replay(callsOf(cairn), id, await openExport(file));
  const pipeline = await cairn.pipeline(id).get();
  if (!pipeline) throw new CairnError("not_found", "It was deleted again.");
  return { pipeline, leftOut };
}

/** The calls that a pipeline is replayed by. */
export function callsOf(cairn: Cairn): Call {
  return async (method, path, { headers = {}, body } = {}) => {
    const key = { "Idempotency-Key": crypto.randomUUID() };
    const request = { method, path, headers: { ...key, ...headers }, ...(body && { body }) };
    const answer = await cairn.request(request).catch((error: unknown) => {
      throw cairnErrorOf(error, "outcome_unknown");
    });
    return (answer.bytes.length > 0 ? readJson(answer) : {}) as never;
  };
}
