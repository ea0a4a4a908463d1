import { dueAt } from "../../src/backends/due-at.ts";
import type { Commit, CommitOutcome, Due, Page, StorageBackend } from "../../src/backends/types.ts";
import { type Link, linksOf } from "../../src/model/chain.ts";
import { CairnError, OutcomeUnknown } from "../../src/model/errors.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type Line, nameOf } from "./line.ts";
import type { Run } from "./run.ts";
import { contexts } from "./world.ts";

/** What becomes of one call on its way. */
type Fate = "done" | "unavailable" | "lost" | "delayed" | "twice";

/** The one store as a process sees it: far away, over a line that fails. */
export function storeView(run: Run, store: StorageBackend): StorageBackend {
  const { recorder } = run;
  const read = <T>(what: string, key: PipelineKey | null, action: () => Promise<T>) =>
    travel(run, { what: () => what, key, kind: "read", counted: true }, action);
  const send = (what: string, action: () => Promise<void>) =>
    travel(run, { what: () => what, key: null, kind: "add", counted: true }, action);
  // Both at once, where a store has that, would pass by what is damaged.
  const { loadCheckpoint: _, ...twoCalls } = store;
  return {
    ...twoCalls,
    load: (key, options) =>
      read("load", key, async () => {
        const loaded = await store.load(key, options);
        if (!loaded?.head.state || loaded.frames.length === 0) return loaded;
        const links = linksOf(loaded.head.state.frame);
        return { ...loaded, frames: spoilt(recorder.line(key), links, loaded.frames) };
      }),
    commit: async (commits) => {
      const outcomes: CommitOutcome[] = [];
      for (const commit of commits) outcomes.push(await sendCommit(run, commit));
      return outcomes;
    },
    frames: (key, links) =>
      read("frames", key, async () => spoilt(recorder.line(key), links, await store.frames(key, links))),
    checkpoint: (key, id) => read("checkpoint", key, () => store.checkpoint(key, id)),
    checkpoints: (key, page) => read("checkpoints", key, () => store.checkpoints(key, page)),
    stage: (key, frames) => read("stage", key, () => store.stage(key, frames)),
    collect: (key, olderThanSeconds) => read("collect", key, () => store.collect(key, olderThanSeconds)),
    events: (key, page) => read("events", key, () => store.events(key, page)),
    pipelines: (tenant, filter, page) =>
      read("pipelines", null, async () => lagging(run, await store.pipelines(tenant, filter, page))),
    sums: (key) => read("sums", null, () => store.sums(key)),
    add: (key, increments) => send("add", () => store.add(key, increments)),
    clearSums: (key) => send("clearSums", () => store.clearSums(key)),
    due: (limit) => read("due", null, async () => withStale(run, await store.due(limit), limit)),
  };
}

function sendCommit(run: Run, commit: Commit): Promise<CommitOutcome> {
  const { key, effects } = commit;
  // What `remindOfPruning` sends behind a save, now and then, is no part of its round trip.
  const counted = !(effects.lookAt && Object.keys(effects).length === 1);
  const call: Call = { what: () => describe(commit), key, kind: "commit", counted };
  return travel(run, call, () => run.recorder.commit(commit));
}

function describe({ writeId, expect, effects }: Commit): string {
  const { checkpoints, events, note: _, ...rest } = effects;
  const changes = [...Object.keys(rest), ...(checkpoints ? [`checkpoints×${checkpoints.size}`] : [])];
  const said = events?.map(({ type }) => type).join(",") ?? "";
  return `commit ${writeId} ${JSON.stringify(expect)} → ${changes.join("+")} [${said}]`;
}

type Kind = "read" | "commit" | "add";

interface Call {
  what: () => string;
  key: PipelineKey | null;
  kind: Kind;
  counted: boolean;
}

/** The way there, the store, the way back. */
function travel<T>(run: Run, call: Call, action: () => Promise<T>): Promise<T> {
  const { world, weather } = run;
  const context = contexts.getStore()!;
  const { attempt } = context;
  const fate = fateOf(run, call.kind);
  const there = world.now + latency(run);
  const back = there + latency(run);
  const late = there + world.random.int(1, 90_000);
  if (attempt && call.counted) attempt.calls++;
  if (attempt && fate !== "done") attempt.faults++;
  if (world.random.chance(weather.crashAtCall)) run.cluster.crashSoon(context.actor);
  const execute = (time: number, then: (result: T) => void) =>
    atStore(run, { ...call, time, isLate: time === late }, action, then);
  return new Promise((resolve, reject) => {
    const reply = (act: () => void) => world.at(back, context, act);
    const unavailable = () => reject(new CairnError("backend_unavailable", "The store does not answer."));
    const unknown = call.kind === "add" ? unavailable : () => reject(new OutcomeUnknown("no answer"));
    if (fate === "done") return execute(there, (result) => reply(() => resolve(result)));
    if (fate === "lost" || fate === "twice") execute(there, () => reply(unknown));
    if (fate === "delayed" || fate === "twice") execute(late, () => {});
    if (fate === "delayed") reply(unknown);
    if (fate !== "unavailable") return;
    tell(run, call, "unavailable", null);
    reply(unavailable);
  });
}

/** What the store does when the call has come: whoever sent it may be dead by then. */
function atStore<T>(
  run: Run,
  { time, isLate, ...call }: Call & { time: number; isLate: boolean },
  action: () => Promise<T>,
  then: (result: T) => void,
): void {
  const { world } = run;
  const context = contexts.getStore()!;
  const { attempt } = context;
  const act = async () => {
    world.calls++;
    if (attempt && !isLate) attempt.last = world.calls;
    const result = await action();
    if (attempt && isRefusal(result)) attempt.refusals++;
    tell(run, call, isLate ? "late" : "done", result);
    then(result);
  };
  world.at(time, context, () => void act().catch((error: unknown) => world.broken(error)), world.nobody);
}

function fateOf({ world: { random }, weather }: Run, kind: Kind): Fate {
  if (random.chance(weather.unavailable)) return "unavailable";
  if (kind === "read") return "done";
  if (random.chance(weather.lost)) return "lost";
  if (random.chance(weather.delayed)) return "delayed";
  // What may be added twice no driver sends twice.
  if (kind === "add") return "done";
  return random.chance(weather.twice) ? "twice" : "done";
}

/** Milliseconds one way: most calls take 1 to 25, a few seconds, hardly any minutes. */
function latency({ world: { random }, weather }: Run): number {
  if (!random.chance(weather.slow)) return random.int(1, 25);
  return random.chance(0.2) ? random.int(5_000, 120_000) : random.int(200, 5_000);
}

function isRefusal(result: unknown): boolean {
  return typeof result === "object" && result !== null && "ok" in result && result.ok === false;
}

function tell({ world }: Run, { what, key }: Call, fate: string, result: unknown): void {
  const { actor } = contexts.getStore()!;
  const where = key ? nameOf(key) : "*";
  world.log(() => world.named(`${actor.name} ${where} ${what()} (${fate}): ${outcome(result)}`));
}

function outcome(result: unknown): string {
  if (result === null || typeof result !== "object") return "-";
  if ("ok" in result) {
    const { ok, head, refusal, replayed } = result as unknown as CommitOutcome & {
      refusal?: string;
      replayed?: boolean;
    };
    return `${ok ? (replayed ? "replayed" : "ok") : refusal} ${told(head)}`;
  }
  if ("head" in result) return told((result as unknown as { head: Head }).head);
  if ("data" in result) return `${(result.data as unknown[]).length} records`;
  return Array.isArray(result) ? `${result.length} records` : "a record";
}

function told(head: Head | null): string {
  if (!head) return "nothing";
  const { revision, version, fence, status, lease, deleted } = head;
  const live = lease ? ` ${lease.owner} until ${lease.expiresAt.slice(14, 23)}` : "";
  return `r${revision} v${version} f${fence} ${deleted ? "deleted" : status}${live}`;
}

/** What the medium makes of stored bytes: one bit of a damaged frame is another one. */
function spoilt(
  { damaged }: Line,
  links: readonly Link[],
  found: readonly (Uint8Array | null)[],
): (Uint8Array | null)[] {
  return found.map((bytes, i) => {
    if (!bytes || !damaged.has(links[i]!.frameId)) return bytes;
    const middle = bytes.length >> 1;
    return bytes.with(middle, bytes[middle]! ^ 1);
  });
}

/** Heads as they were a while ago. */
function lagging(run: Run, page: Page<Head>): Page<Head> {
  const { world, weather, recorder } = run;
  if (!world.random.chance(weather.staleList)) return page;
  const then = world.now - world.random.int(100, 60_000);
  const data = page.data.map((head) => headAt(recorder.line(head), then) ?? head);
  return { ...page, data };
}

/** Some that were due a while ago are listed once more, whoever has them by now. */
function withStale(run: Run, due: readonly Due[], limit: number): Due[] {
  const { world, weather, recorder } = run;
  if (!world.random.chance(weather.staleList)) return [...due];
  const then = world.now - world.random.int(100, 60_000);
  const stale = [...recorder.lines.values()].flatMap((line): Due[] => {
    const head = headAt(line, then);
    const time = head && dueAt(head, 0);
    return head && time !== null && time <= world.now ? [{ key: line.key, head }] : [];
  });
  return [...due, ...stale].slice(0, limit);
}

function headAt({ past }: Line, time: number): Head | null {
  return past.findLast(({ at }) => at <= time)?.head ?? null;
}
