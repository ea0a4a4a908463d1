import { nodeCrypto } from "../backends/node-crypto.ts";
import { nullWhenMissing } from "../client/errors.ts";
import { fromHex } from "../frames/digest.ts";
import { PART_BYTES } from "../frames/parts.ts";
import { toBase64 } from "../model/base64.ts";
import { CairnError } from "../model/errors.ts";
import type { ExportedCheckpoint, ExportedState } from "../recovery/export/format.ts";
import type { OpenedExport } from "../recovery/export/open.ts";
import { partsOf } from "../recovery/export/stage.ts";
import {
  fileChanged,
  importTaken,
  type LeftOut,
  type Step,
  settingsMeanwhile,
  statusAfter,
  stepsOf,
  UNFINISHED,
} from "../recovery/export/steps.ts";

/** A call of a service, sent again when no answer comes, and done once. Answers its JSON. @throws CairnError */
export type Call = (
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
  path: string,
  more?: { headers?: Record<string, string>; body?: Uint8Array<ArrayBuffer> },
) => Promise<Record<string, unknown>>;

/**
 * Makes a pipeline from an export by the ordinary calls, each upon the version that the one before made: so it takes
 * no longer request than any other client makes, and every step is done once, however often it is sent.
 *
 * @throws CairnError of the service; `precondition_failed` when the pipeline is there, or others write to it meanwhile
 */
export async function replay(
  call: Call,
  pipelineId: string,
  opened: OpenedExport,
  progress?: { show(text: string, share?: number): void },
): Promise<{ made: number; leftOut: LeftOut[] }> {
  const { steps, leftOut } = stepsOf(opened);
  refuseOtherData(steps);
  const target = `/v1/pipelines/${pipelineId}`;
  const run = new Replay(call, target, await begin(call, target, opened));
  for (const [at, step] of steps.entries()) {
    progress?.show(`${at} of ${steps.length} steps`, at / steps.length);
    await run.perform(step);
  }
  const status = statusAfter(opened.manifest);
  if (status) await call("PATCH", target, json({ status }));
  // The last: with it the label goes that tells an import that was broken off.
  await call("PUT", target, json(opened.manifest.settings));
  return { made: steps.filter(({ checkpoint }) => checkpoint).length, leftOut };
}

/** Data of a checkpoint goes in JSON, and comes back as `application/json`. */
function refuseOtherData(steps: readonly Step[]): void {
  for (const step of steps) {
    const { contentType, checkpointId } = step.checkpoint ?? {};
    if (step.do !== "data" || contentType === "application/json") continue;
    const detail = `The data of checkpoint ${checkpointId} is ${contentType}, which only the library can import.`;
    throw new CairnError("not_json", detail);
  }
}

/** @returns the version that the first save goes upon: of a deleted pipeline they go on */
async function begin(call: Call, target: string, opened: OpenedExport): Promise<number> {
  const known = await nullWhenMissing(call("GET", target));
  if (known && !(UNFINISHED in (known.labels as object))) throw importTaken();
  if (known) await call("DELETE", target);
  const made = await call("PUT", target, json(settingsMeanwhile(opened), { "If-None-Match": "*" }));
  return made.version as number;
}

class Replay {
  readonly #call: Call;
  readonly #target: string;
  #version: number;
  #saved = false;

  constructor(call: Call, target: string, version: number) {
    this.#call = call;
    this.#target = target;
    this.#version = version;
  }

  async perform(step: Step): Promise<void> {
    if (step.do === "save") await this.#save(step);
    if (!step.checkpoint) return;
    const data = step.do === "data" ? `"data":${await step.from.file.text()},` : "";
    const { label, metadata, reason } = step.checkpoint;
    const given = Object.entries({ label, metadata, reason }).filter(([, value]) => value !== null);
    // As text, so that the data comes back as it was written.
    const body = `{${data}${JSON.stringify(Object.fromEntries(given)).slice(1)}`.replace(/,\}$/, "}");
    const request = { headers: { "Content-Type": "application/json" }, body: new TextEncoder().encode(body) };
    const made = await this.#call("POST", `${this.#target}/checkpoints`, request);
    if (made.version !== this.#version || made.sha256 !== step.checkpoint.sha256) throw importTaken();
  }

  async #save({ state, from: { file } }: Extract<Step, { do: "save" }>): Promise<void> {
    const condition = this.#saved ? { "If-Match": `"${this.#version}"` } : { "If-None-Match": "*" };
    const digest = { "Repr-Digest": `sha-256=:${toBase64(fromHex(state.sha256)!)}:` };
    const { body, type } =
      file.size > PART_BYTES ? await this.#upload(file, state) : await whole(file, state);
    const headers = { ...condition, ...digest, "Content-Type": type };
    const saved = await this.#call("PUT", `${this.#target}/state`, { headers, body });
    this.#version = saved.version as number;
    this.#saved = true;
  }

  async #upload(file: Blob, { contentType, sha256 }: ExportedState | ExportedCheckpoint) {
    const hash = nodeCrypto().createHash("sha256");
    const { uploadId, partBytes } = await this.#call("POST", `${this.#target}/uploads`);
    const parts: unknown[] = [];
    for (const part of partsOf(file, partBytes as number)) {
      const body = new Uint8Array(await part.arrayBuffer());
      hash.update(body);
      const path = `${this.#target}/uploads/${uploadId}/parts/${parts.length + 1}`;
      const headers = { "Content-Type": "application/octet-stream" };
      parts.push((await this.#call("PUT", path, { headers, body })).token);
    }
    if (hash.digest("hex") !== sha256) throw fileChanged();
    const { body } = json({ uploadId, contentType, parts });
    return { body, type: "application/vnd.cairn.parts+json" };
  }
}

/** A body, and what says so; members that are undefined are left out. */
function json(value: object, headers: Record<string, string> = {}) {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { headers: { "Content-Type": "application/json", ...headers }, body };
}

async function whole(file: Blob, { contentType }: ExportedState | ExportedCheckpoint) {
  return { body: new Uint8Array(await file.arrayBuffer()), type: contentType };
}
