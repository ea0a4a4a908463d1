import type { Commit, CommitOutcome, StorageBackend } from "../../src/backends/types.ts";
import { type Link, linksOf } from "../../src/model/chain.ts";
import type { CheckpointRecord } from "../../src/model/checkpoint.ts";
import type { Frame } from "../../src/model/frame.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { sha256Now } from "./hash.ts";
import { contentOf, type Intent, problemOf, sameBytes } from "./intents.ts";
import { type Landed, type Line, nameOf, newLine } from "./line.ts";
import { RULES } from "./rules.ts";
import { contexts, type World } from "./world.ts";

type Applied = Extract<CommitOutcome, { ok: true }>;

/** Sits before the store, sees what is applied in its order, and holds every step to the invariants. */
export class Recorder {
  readonly lines = new Map<string, Line>();
  /** By the idempotency key: what was meant. */
  readonly intents = new Map<string, Intent>();
  readonly #world: World;
  readonly #store: StorageBackend;

  constructor(world: World, store: StorageBackend) {
    this.#world = world;
    this.#store = store;
  }

  line(key: PipelineKey): Line {
    const name = nameOf(key);
    const line = this.lines.get(name) ?? newLine(key);
    this.lines.set(name, line);
    return line;
  }

  /** Sends a commit to the store, now. */
  async commit(commit: Commit): Promise<CommitOutcome> {
    const call = this.#world.calls;
    const [outcome] = await this.#store.commit([commit]);
    if (outcome!.ok && !outcome!.replayed) await this.#applied(commit, outcome!, call);
    else if (outcome!.ok) this.#replayed(commit, outcome!);
    return outcome!;
  }

  async #applied(commit: Commit, { head, result }: Applied, call: number): Promise<void> {
    const line = this.line(commit.key);
    const before = line.head;
    this.#check(line, commit, head);
    line.head = head;
    line.commits++;
    line.past.push({ at: this.#world.now, head });
    if (commit.effects.remove) line.life++;
    const { life, commits: place } = line;
    const by = contexts.getStore()?.attempt ?? null;
    line.landed.set(commit.writeId, { call, place, life, by, commit, result } satisfies Landed);
    const { effects } = commit;
    if (effects.status === "interrupted")
      line.interruptions.push({ fence: head.fence, at: head.care.wake?.at ?? null, messages: new Set() });
    if (effects.state) this.#state(line, commit, before, head);
    if (effects.checkpoint) this.#checkpoint(line, commit, head);
    if (effects.checkpoints) await this.#kept(line, commit, before);
  }

  #check(line: Line, commit: Commit, after: Head): void {
    const world = this.#world;
    for (const rule of RULES) {
      const found = rule({ before: line.head, commit, after, now: world.now });
      if (found) world.violate(found.invariant, `${nameOf(line.key)}: ${found.message}`);
    }
    const twice = line.landed.get(commit.writeId);
    if (twice && twice.life === line.life)
      world.violate(4, `${nameOf(line.key)}: ${world.named(commit.writeId)} was applied twice`);
    const damage = commit.effects.dropReplaced || [...(commit.effects.checkpoints ?? [])].some(isQuarantine);
    if (damage && line.damaged.size === 0)
      world.violate(line.later ? 11 : 5, `${nameOf(line.key)}: what is whole was taken for damaged`);
  }

  #replayed({ key, writeId }: Commit, { result }: Applied): void {
    const line = this.line(key);
    const landed = line.landed.get(writeId);
    if (landed && landed.result.revision === result.revision) return;
    this.#world.violate(4, `${nameOf(key)}: ${this.#world.named(writeId)} was replayed with another result`);
  }

  #state(line: Line, commit: Commit, before: Head | null, head: Head): void {
    const { frame, contentType, restoredFrom, sha256 } = commit.effects.state!;
    const base = line.versions.get(before?.version ?? 0)?.bytes;
    const bytes = this.#decoded(line, frame, base);
    if (!bytes) return;
    line.versions.set(head.version, { contentType, bytes, version: head.version });
    const intent = this.intents.get(commit.writeId);
    const world = this.#world;
    const what = `${nameOf(line.key)} version ${head.version} of ${world.named(commit.writeId)}`;
    if (sha256Now(bytes) !== sha256) world.violate(5, `${what}: its frame is of another content`);
    if (intent) {
      const problem = problemOf(intent, bytes, before?.deleted ? undefined : base);
      if (problem) world.violate(5, `${what}: ${problem}`);
    } else if (restoredFrom) this.#restored(line, what, bytes, restoredFrom);
    else if (isFork(commit)) this.#restored(this.#sourceOf(commit), what, bytes, commit.effects.note);
    else world.violate(5, `${what}: nobody asked for it`);
  }

  #sourceOf({ key, effects }: Commit): Line {
    const { pipelineId } = effects.note as { pipelineId: string };
    return this.line({ tenant: key.tenant, pipelineId });
  }

  #restored(line: Line, what: string, bytes: Uint8Array, from: unknown): void {
    const { checkpointId, version } = from as { checkpointId: string | null; version: number };
    const source = checkpointId === null ? line.versions.get(version) : line.checkpoints.get(checkpointId);
    if (!source || !sameBytes(source.bytes, bytes))
      this.#world.violate(5, `${what}: it is not what it was made from`);
  }

  #decoded(line: Line, frame: Frame, base: Uint8Array | undefined): Uint8Array | null {
    try {
      return contentOf(frame, base);
    } catch (error) {
      this.#world.violate(2, `${nameOf(line.key)}: ${String(error)}`);
      return null;
    }
  }

  #checkpoint(line: Line, { effects, writeId }: Commit, head: Head): void {
    const { checkpointId, data } = effects.checkpoint!;
    const { version } = head;
    if (!data) {
      const content = line.versions.get(version);
      if (content) line.checkpoints.set(checkpointId, { ...content, state: true });
      return;
    }
    const bytes = new Uint8Array(data.frame.bytes);
    line.checkpoints.set(checkpointId, { contentType: data.contentType, bytes, version, state: false });
    const intent = this.intents.get(writeId);
    const problem = intent ? problemOf(intent, bytes, undefined) : "nobody asked for it";
    if (problem) this.#world.violate(5, `${nameOf(line.key)}, data of a checkpoint: ${problem}`);
  }

  /** After checkpoints were dropped: every frame of those kept is there, and one that verifies, if there was one. */
  async #kept(line: Line, commit: Commit, before: Head | null): Promise<void> {
    const { key } = line;
    const records = await this.records(key);
    const missing = await this.missing(line, records);
    if (missing) this.#world.violate(9, `${nameOf(key)}: ${missing}`);
    const pruned = commit.effects.events?.some(({ type }) => type === "pruned");
    if (!pruned || (before?.checkpointCount ?? 0) === 0) return;
    const whole = records.some(({ quarantinedAt }) => quarantinedAt === null);
    if (!whole) this.#world.violate(9, `${nameOf(key)}: pruning left no checkpoint that verifies`);
  }

  async records(key: PipelineKey): Promise<CheckpointRecord[]> {
    return (await this.#store.checkpoints(key, { limit: 1000 })).data;
  }

  /** Whether the store has what was recorded: the last head, and one event for each interruption. */
  async compare(line: Line): Promise<void> {
    const { key, head, life, interruptions } = line;
    const loaded = await this.#store.load(key);
    if (loaded?.head.revision !== head?.revision)
      this.#world.violate(1, `${nameOf(key)}: the store is not at the last revision that it applied`);
    const { data } = await this.#store.events(key, { limit: 1000 });
    const told = data.filter(({ type }) => type === "interrupted").length;
    // A deletion takes the events along.
    if (life === 0 && told !== interruptions.length)
      this.#world.violate(8, `${nameOf(key)}: ${interruptions.length} interruptions, ${told} events`);
  }

  /** Which frame that something names is not in the store. */
  async missing(line: Line, records: readonly CheckpointRecord[]): Promise<string | null> {
    const { head, key } = line;
    const states = head?.state && !head.deleted ? [head.state, ...head.history] : [];
    const links = new Map<string, Link>();
    for (const { frame } of [...states, ...records])
      for (const link of linksOf(frame)) links.set(link.frameId, link);
    const wanted = [...links.values()];
    const found = await this.#store.frames(key, wanted);
    const at = found.indexOf(null);
    return at < 0 ? null : `frame ${this.#world.named(wanted[at]!.frameId)} is named, and gone`;
  }
}

function isQuarantine([, change]: [string, string]): boolean {
  return change === "quarantine";
}

function isFork({ effects }: Commit): boolean {
  return effects.events?.some(({ type }) => type === "forked") === true;
}
