import type { Effects, Expectation, NewState } from "../../backends/types.ts";
import { encodeFrame } from "../../frames/frame.ts";
import { baseOf } from "../../model/chain.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { PipelineView } from "../../model/pipeline-view.ts";
import { pipelineView } from "../../model/views.ts";
import { refusalError, send } from "../../state/commit.ts";
import { type Core, loadHead } from "../../state/core.ts";
import { checkWebhook } from "../../state/webhook.ts";
import { envelope } from "../../state/write.ts";
import type { ExportedCheckpoint } from "./format.ts";
import { type OpenedExport, openExport } from "./open.ts";
import { stageFile } from "./stage.ts";
import {
  fileChanged,
  importTaken,
  type LeftOut,
  type Step,
  settingsMeanwhile,
  statusAfter,
  stepsOf,
  UNFINISHED,
} from "./steps.ts";

export interface Imported {
  pipeline: PipelineView;
  /** Checkpoints that did not verify when they were exported. */
  leftOut: LeftOut[];
}

/**
 * Makes a pipeline from an export. The file is read twice: all of it is checked before anything is written, and each
 * content again on its way. Checkpoints keep their ids, labels, metadata, reasons and order; versions are counted
 * anew. Each step is made upon the one before: whoever writes in between ends the import. One that was broken off is
 * known by a label, and replaced by the next.
 *
 * @throws CairnError `malformed`, `unsupported_format` for the file: nothing was written then; `precondition_failed`
 *   when the pipeline is there; and what every write throws
 */
export async function importPipeline(core: Core, key: PipelineKey, file: Blob): Promise<Imported> {
  const opened = await openExport(file);
  const { manifest } = opened;
  checkWebhook(core, manifest.settings);
  const { steps, leftOut } = stepsOf(opened);
  const run = await begin(core, key, opened);
  for (const step of steps) await run.perform(step);
  const status = statusAfter(manifest);
  const detail = `from ${manifest.pipelineId} at version ${manifest.state?.version ?? 0}`;
  const events: Effects["events"] = [{ type: "imported", detail }, ...(status ? [{ type: status }] : [])];
  const head = await run.commit(() => ({
    effects: { settings: manifest.settings, ...(status ? { status } : {}), events },
  }));
  return { pipeline: pipelineView(head), leftOut };
}

interface Prepared {
  effects: Effects;
  expect?: Partial<Expectation>;
}

async function begin(core: Core, key: PipelineKey, opened: OpenedExport): Promise<Run> {
  const known = await loadHead(core, key);
  const run = new Run(core, key, known, opened);
  if (known && !known.deleted) {
    if (known.labels[UNFINISHED] === undefined) throw importTaken();
    await run.commit(() => ({ effects: { remove: true } }));
  }
  const settings = settingsMeanwhile(opened);
  await run.commit(() => ({ effects: { settings }, expect: { create: "anew", state: "absent" } }));
  return run;
}

/** The commits of one import, each upon the revision that the one before made. */
class Run {
  readonly #core: Core;
  readonly #key: PipelineKey;
  readonly #opened: OpenedExport;
  /** What versions have become, by the ids of their checkpoints. */
  readonly #versions = new Map<string, number>();
  #head: Head | null;
  /** Of the version that the next commit makes. */
  #content: Uint8Array | null = null;

  constructor(core: Core, key: PipelineKey, head: Head | null, opened: OpenedExport) {
    this.#core = core;
    this.#key = key;
    this.#head = head;
    this.#opened = opened;
  }

  async perform(step: Step): Promise<void> {
    const checkpoint = step.checkpoint && draftOf(step.checkpoint);
    const events = step.checkpoint ? [eventOf(step.checkpoint)] : [];
    const head = await this.commit(async (writeId) => {
      if (step.do === "snapshot") return { effects: { checkpoint: checkpoint!, events } };
      if (step.do === "data") {
        const data = await this.#data(step, writeId);
        return {
          effects: { checkpoint: { ...checkpoint!, data }, events },
          expect: { version: this.#version },
        };
      }
      const { state, expect } = await this.#state(step, writeId);
      return { effects: { state, ...(checkpoint ? { checkpoint } : {}), events }, expect };
    });
    if (step.checkpoint) this.#versions.set(step.checkpoint.checkpointId, head.version);
  }

  async commit(make: (writeId: string) => Prepared | Promise<Prepared>): Promise<Head> {
    const request = ["import", this.#opened.sha256, this.#revision];
    const write = { key: this.#key, caller: {}, request, expect: { create: "never" as const } };
    const base = await envelope(write);
    const { effects, expect } = await make(base.writeId);
    const bound = { ...base.expect, ...expect, revision: this.#revision };
    const outcome = await send(this.#core, { ...base, expect: bound, effects });
    if (!outcome.ok) throw refusalError(outcome, this.#core.backend.capabilities.clockSlackSeconds);
    this.#head = outcome.head;
    if (this.#content && outcome.head.state)
      this.#core.contents.put(this.#key, outcome.head.state, this.#content);
    this.#content = null;
    return outcome.head;
  }

  get #revision(): number {
    return this.#head?.revision ?? 0;
  }

  get #version(): number {
    return this.#head?.version ?? 0;
  }

  async #data({ checkpoint, from }: Extract<Step, { do: "data" }>, writeId: string) {
    const { contentType, bytes, sha256 } = checkpoint;
    const content = await bytesOf(from.file);
    const frame = await this.#encode(this.#version, `${writeId}-data`, content, sha256);
    return { contentType, bytes, sha256, frame };
  }

  async #state(step: Extract<Step, { do: "save" }>, writeId: string) {
    const { contentType, bytes, sha256 } = step.state;
    const facts = { contentType, bytes, sha256, verified: true, restoredFrom: this.#restoredFrom(step) };
    const expect = { version: this.#version };
    if (step.from.inParts || bytes > this.#core.backend.capabilities.maxFrameBytes) {
      const staged = await stageFile(this.#core, this.#key, this.#version, step.from.file, sha256);
      return { state: { ...facts, ...staged }, expect };
    }
    const content = await bytesOf(step.from.file);
    const frame = await this.#encode(this.#version + 1, writeId, content, sha256, true);
    this.#content = content;
    const upon = baseOf(frame.ref);
    return {
      state: { ...facts, frame },
      expect: { ...expect, ...(upon === undefined ? {} : { base: upon }) },
    };
  }

  async #encode(version: number, writeId: string, content: Uint8Array, sha256: string, delta = false) {
    const base = delta ? this.#core.contents.get(this.#key, this.#version) : undefined;
    const options = { ...this.#core.frames, base };
    const encoded = await encodeFrame(this.#key, version, writeId, content, options);
    const { contentSha256, ...frame } = encoded;
    if (contentSha256 !== sha256) throw fileChanged();
    return frame;
  }

  /** A rollback goes on from where the last one led, also after an import. */
  #restoredFrom({ state }: Extract<Step, { do: "save" }>): NewState["restoredFrom"] {
    const current = this.#opened.manifest.state;
    const from = current?.version === state.version ? current.restoredFrom : null;
    const version = from?.checkpointId && this.#versions.get(from.checkpointId);
    return version ? { checkpointId: from.checkpointId, version } : null;
  }
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

function draftOf({ checkpointId, label, metadata, reason }: ExportedCheckpoint) {
  return { checkpointId, label, metadata, reason };
}

function eventOf({ checkpointId, version, createdAt }: ExportedCheckpoint) {
  const detail = `imported: version ${version} of ${createdAt}`;
  return { type: "checkpointed" as const, checkpointId, detail };
}
