import { encodeDelta } from "../../src/frames/delta/encode.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { bytesOf, type Document, nextDocument, patchFor } from "./contents.ts";
import { exchange, type Outcome, type Request } from "./exchange.ts";
import { digestNow } from "./hash.ts";
import { textOf } from "./intents.ts";
import type { Run } from "./run.ts";
import type { Actor } from "./world.ts";

type Call = Omit<Request, "key" | "idempotencyKey">;

/** What a client knows: its lease, and the state it saved or read last. */
export class Session {
  readonly run: Run;
  readonly key: PipelineKey;
  readonly actor: Actor;
  fence: number | undefined;
  version = 0;
  bytes: Uint8Array = new Uint8Array();
  readonly #prefix: string;
  #requests = 0;

  /** @param prefix of its idempotency keys */
  constructor(run: Run, key: PipelineKey, actor: Actor, prefix = "") {
    this.run = run;
    this.key = key;
    this.actor = actor;
    this.#prefix = prefix === "" ? actor.name : `${actor.name}-${prefix}`;
  }

  get document(): Document {
    return JSON.parse(textOf(this.bytes)) as Document;
  }

  nextKey(): string {
    return `${this.#prefix}-${++this.#requests}`;
  }

  /** A write: what nobody answered is mostly sent once more a while later, under its key. */
  async write(call: Call, idempotencyKey = this.nextKey()): Promise<Outcome> {
    const { world } = this.run;
    const request = { key: this.key, ...call, idempotencyKey };
    const first = await exchange(this.run, request);
    const unknown = !first.ok && (first.status === 0 || first.status === 503);
    if (!unknown || !world.random.chance(0.6)) return first;
    await world.sleep(world.random.int(1, 40));
    return exchange(this.run, request);
  }

  async read(verb = "read", path = "/state"): Promise<Outcome> {
    return exchange(this.run, { verb, key: this.key, method: "GET", path });
  }

  /** Takes what is there as its own. */
  async reload(): Promise<Outcome> {
    const read = await this.read();
    if (read.ok) this.#keep(read.version!, read.bytes);
    return read;
  }

  #keep(version: number, bytes: Uint8Array): void {
    this.version = version;
    this.bytes = bytes;
  }

  /** @param insist only over the version known */
  async save(next: Document, insist: boolean, condition: Record<string, string> = {}): Promise<Outcome> {
    const { random } = this.run.world;
    const bytes = bytesOf(next);
    const saved = await this.write({
      verb: "save",
      method: "PUT",
      path: `/state?checkpoint=${random.pick(["never", "never", "always", "auto"])}`,
      body: bytes,
      headers: {
        "Content-Type": "application/json",
        ...(insist ? { "If-Match": `"${this.version}"` } : {}),
        ...(random.chance(0.3) ? { "Repr-Digest": digestField(bytes) } : {}),
        ...condition,
      },
      fence: this.fence,
      intent: { kind: "whole", bytes },
    });
    if (saved.ok) this.#keep(saved.version!, bytes);
    return saved;
  }

  /** As the SDK saves: what makes the new content out of the version known. */
  async saveDelta(next: Document): Promise<Outcome> {
    const bytes = bytesOf(next);
    const saved = await this.write({
      verb: "delta",
      method: "PATCH",
      path: `/state${this.run.world.random.chance(0.3) ? "?checkpoint=always" : ""}`,
      body: encodeDelta(this.bytes, bytes),
      headers: {
        "Content-Type": "application/vnd.cairn.delta",
        "If-Match": `"${this.version}"`,
        "Repr-Digest": digestField(bytes),
      },
      fence: this.fence,
      intent: { kind: "whole", bytes },
    });
    if (saved.ok) this.#keep(saved.version!, bytes);
    return saved;
  }

  /** Merged with what others saved since, where that goes together. */
  async merge(next: Document): Promise<Outcome> {
    const bytes = bytesOf(next);
    const merged = await this.write({
      verb: "merge",
      method: "PUT",
      path: "/state?onConflict=merge",
      body: bytes,
      headers: { "Content-Type": "application/json", "If-Match": `"${this.version}"` },
      fence: this.fence,
      intent: { kind: "merge", base: this.bytes, bytes },
    });
    return merged.ok ? this.reload() : merged;
  }

  async patch(insist: boolean): Promise<Outcome> {
    const key = this.nextKey();
    const patch = patchFor(key, this.run.world.random);
    const patched = await this.write(
      {
        verb: "patch",
        method: "PATCH",
        path: "/state",
        body: bytesOf(patch),
        headers: {
          "Content-Type": "application/merge-patch+json",
          ...(insist ? { "If-Match": `"${this.version}"` } : {}),
        },
        fence: this.fence,
        intent: { kind: "patch", patch },
      },
      key,
    );
    return patched.ok ? this.reload() : patched;
  }

  next(): Document {
    return nextDocument(this.document, `${this.actor.name}-${this.version}`, this.run.world.random);
  }

  checkpoint(withData: boolean): Promise<Outcome> {
    const data = { of: this.actor.name, at: this.version };
    const intent = { kind: "data" as const, bytes: bytesOf(data) };
    return this.write({
      verb: "checkpoint",
      method: "POST",
      path: "/checkpoints",
      body: { label: "here", ...(withData ? { data } : {}) },
      fence: this.fence,
      ...(withData ? { intent } : {}),
    });
  }

  heartbeat(): Promise<Outcome> {
    return this.write({ verb: "heartbeat", method: "PUT", path: "/lease", body: {}, fence: this.fence });
  }

  release(): Promise<Outcome> {
    return this.write({ verb: "release", method: "DELETE", path: "/lease", fence: this.fence });
  }

  finish(status: "completed" | "failed"): Promise<Outcome> {
    return this.write({ verb: "finish", method: "PATCH", path: "", body: { status }, fence: this.fence });
  }

  /** The lease with the state, or the lease alone. */
  async take(ttlSeconds: number, resumes: boolean): Promise<Outcome> {
    const body = { owner: this.actor.name, ttlSeconds };
    const verb = resumes ? "resume" : "lease";
    const taken = await this.write({ verb, method: "POST", path: `/${verb}`, body });
    if (!taken.ok) return taken;
    this.fence = (JSON.parse(textOf(taken.bytes)) as { fence: number }).fence;
    const read = await this.reload();
    return !read.ok && read.status !== 404 ? read : taken;
  }
}

function digestField(bytes: Uint8Array): string {
  return `sha-256=:${Buffer.from(digestNow(bytes)).toString("base64")}:`;
}
