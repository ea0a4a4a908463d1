import fc from "fast-check";
import type { Fault } from "../backends/flaky.ts";
import { isLive, type Pipeline, type World } from "./model.ts";
import type { Condition, Request, Verb } from "./requests.ts";

/** Two tenants; ids that a careless key would mix up. */
export const NAMES = ["a/p", "a/p.1", "b/p"] as const;

/** What a step is before it is settled against the model: every one makes sense in every world. */
export type Step =
  | {
      kind: "ask";
      pipeline: number;
      client: number;
      fence: Fence;
      keyed: boolean;
      draft: Draft;
      /** What befalls its first commit, where the store can fail. */
      fault: Fault | null;
    }
  /** The same request with the same key again, or the key with another request. */
  | { kind: "again" | "steal"; back: number; client: number }
  | { kind: "wait"; seconds: number }
  | { kind: "sweep" }
  /** Damages what the state (0) or the n-th newest checkpoint is stored in. */
  | { kind: "damage"; pipeline: number; pick: number };

type Fence = "held" | "stale" | "future" | "none" | "force";
type Over = "none" | "absent" | "present" | "current" | "stale" | "either";
type Draft =
  | { verb: "save"; text: string; type: string; over: Over; checkpoint: boolean }
  | { verb: "patch"; suffix: string; fails: boolean; over: "none" | "current" | "stale" }
  | { verb: "pick"; of: "drop" | "resume" | "recover" | "rollback"; pick: number; owner: string }
  | Exclude<Verb, { verb: "save" | "patch" | "drop" }>;

/** Does not compress: what follows it is stored as a delta. */
const LONG = Array.from({ length: 100 }, (_, i) => (i * 7_919_777).toString(36)).join("");

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 6 }).map((end) => LONG + end) },
  { weight: 4, arbitrary: fc.string({ maxLength: 12, unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.nat(4000).map((length) => "compressible ".repeat(length / 13)) },
  { weight: 1, arbitrary: fc.constant("") },
);
const type = fc.constantFrom("text/plain", "application/json", "application/octet-stream");
const owner = fc.constantFrom("one", "two");
const ttlSeconds = fc.constantFrom(5, 30, 60);
const word = fc.constantFrom("x", "y");

function optional<T>(name: string, value: fc.Arbitrary<T>) {
  return fc.option(value, { nil: undefined }).map((it) => (it === undefined ? {} : { [name]: it }));
}

function verb<T extends object>(name: string, fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(fields).map((values) => ({ verb: name, ...values }));
}

function merged(name: string, ...parts: fc.Arbitrary<object>[]) {
  return fc.tuple(...parts).map((values) => Object.assign({ verb: name }, ...values));
}

const over = fc.constantFrom<Over>("none", "none", "none", "absent", "present", "current", "stale", "either");
const status = fc.constantFrom("completed", "failed", "cancelled");
const grant = fc.record({ owner, ttlSeconds });
const labels = fc.record({ team: word });

const draft = fc.oneof(
  { weight: 10, arbitrary: verb("save", { text, type, over, checkpoint: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: verb("patch", {
      suffix: word,
      fails: fc.nat(7).map((n) => n === 0),
      over: fc.constantFrom("none", "none", "current", "stale"),
    }),
  },
  { weight: 4, arbitrary: merged("checkpoint", optional("label", word), optional("data", text)) },
  { weight: 4, arbitrary: merged("acquire", grant) },
  { weight: 2, arbitrary: merged("renew", optional("ttlSeconds", ttlSeconds)) },
  { weight: 2, arbitrary: merged("release") },
  { weight: 3, arbitrary: merged("resume", grant) },
  { weight: 2, arbitrary: merged("recover") },
  { weight: 3, arbitrary: merged("rollback", optional("steps", fc.constantFrom(1, 1, 2))) },
  {
    weight: 6,
    arbitrary: verb("pick", {
      of: fc.constantFrom("drop", "drop", "resume", "recover", "rollback"),
      pick: fc.constantFrom(0, 0, 1, 1, 2, 9),
      owner,
    }),
  },
  {
    weight: 1,
    arbitrary: merged(
      "update",
      labels.map((it) => ({ labels: it })),
    ),
  },
  {
    weight: 1,
    arbitrary: merged(
      "update",
      status.map((it) => ({ status: it })),
    ),
  },
  { weight: 2, arbitrary: verb("register", { kind: word }) },
  { weight: 1, arbitrary: merged("delete") },
) as fc.Arbitrary<Draft>;

const pipeline = fc.constantFrom(0, 0, 0, 1, 2);
const client = fc.nat(1);
const fault = fc.constantFrom<Fault | null>(null, null, null, null, "before", "after", "late");
const fence = fc.constantFrom<Fence>(
  "held",
  "held",
  "held",
  "held",
  "held",
  "stale",
  "future",
  "none",
  "force",
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      ...{ kind: fc.constant("ask" as const), pipeline, client, fence, keyed: fc.boolean(), draft, fault },
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("again" as const), back: fc.nat(5), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("steal" as const), back: fc.nat(5), client }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.constantFrom(1, 4, 29, 70) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("sweep" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("damage" as const), pipeline, pick: fc.nat(2) }) },
);

const begun = (pipeline: number): Step => ({
  ...{ kind: "ask", pipeline, client: 0, fence: "none", keyed: false, fault: null },
  draft: { verb: "save", text: "begun", type: "text/plain", over: "none", checkpoint: true },
});

/**
 * The steps of a run; most are about pipelines that are there. A step shrinks to null, which is none: what is
 * left of a failing run is what it takes to fail.
 */
export const run: fc.Arbitrary<(Step | null)[]> = fc
  .array(fc.option(step, { freq: 50 }), { minLength: 18, maxLength: 28, size: "max" })
  .map((steps) => [begun(0), begun(2), ...steps]);

/** What may be forced on a leased pipeline (design §2). */
const FORCIBLE: readonly Verb["verb"][] = ["recover", "rollback", "update", "delete"];

/** The request that a draft stands for in this world. */
export function settle(world: World, it: Extract<Step, { kind: "ask" }>, idempotencyKey: string): Request {
  const name = NAMES[it.pipeline]!;
  const pipeline = world.pipelines.get(name);
  const verb = verbOf(it.draft, pipeline);
  const fence = it.fence === "force" && !FORCIBLE.includes(verb.verb) ? "none" : it.fence;
  return { name, ...fenceOf(world, fence, pipeline), ...(it.keyed ? { idempotencyKey } : {}), ...verb };
}

/** A caller that means well brings the fence while there is a lease, as a worker does. */
function fenceOf(world: World, fence: Fence, pipeline: Pipeline | undefined) {
  const current = pipeline?.fence ?? 0;
  if (fence === "none") return {};
  if (fence === "force") return { force: true };
  if (fence === "held") {
    const due = pipeline?.lease && (isLive(world, pipeline.lease) || current % 2 === 0);
    return due ? { fence: current } : {};
  }
  return { fence: fence === "stale" ? Math.max(0, current - 1) : current + 1 };
}

function verbOf(draft: Draft, pipeline: Pipeline | undefined): Verb {
  const version = pipeline?.version ?? 0;
  if (draft.verb === "save" || draft.verb === "patch") {
    const { over, ...rest } = draft;
    const condition = conditionOf(over, version);
    return (condition === undefined ? rest : { ...rest, condition }) as Verb;
  }
  if (draft.verb !== "pick") return draft;
  const sequence = pipeline?.checkpoints.at(-1 - draft.pick)?.sequence ?? 99;
  if (draft.of === "resume") return { verb: "resume", sequence, owner: draft.owner, ttlSeconds: 30 };
  return { verb: draft.of, sequence };
}

function conditionOf(over: Over, version: number): Condition | undefined {
  if (over === "none") return undefined;
  if (over === "absent" || over === "present") return over;
  if (over === "current") return { versions: [version] };
  return { versions: over === "stale" ? [version - 1] : [version - 1, version] };
}
