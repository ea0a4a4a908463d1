import fc from "fast-check";
import type { Expectation } from "../../src/backends/types.ts";
import type { Care } from "../../src/model/care.ts";
import type { EventDraft } from "../../src/model/event.ts";
import type { JsonNote } from "../../src/model/head.ts";
import type { Settings, Status } from "../../src/model/pipeline.ts";

/** What a random commit does, said so that it can be shrunk: the heads it meets make a commit of it. */
export interface Step {
  pipeline: number;
  /** Sends an earlier commit of the pipeline again, as it was or with another digest. */
  again: { back: number; otherDigest: boolean } | null;
  expect: {
    create: Expectation["create"];
    state: "present" | "absent" | null;
    /** Whether the state's frame is named: always under a delta. `wrong`: another. */
    base: "none" | "right" | "wrong";
    /** How far from the head's own; null: not given. */
    version: number | null;
    revision: number | null;
    fence: number | null;
    force: boolean;
  };
  effects: {
    /** `delta`: upon the state that is there. */
    state: { bytes: number; verified: boolean; restored: boolean; delta: boolean } | null;
    verified: boolean;
    dropReplaced: boolean;
    checkpoint: {
      label: string | null;
      metadata: object | null;
      reason: string | null;
      data: number | null;
    } | null;
    /** By place in the list of checkpoints. */
    changes: { at: number; how: "drop" | "quarantine" | "verify" }[];
    lease:
      | { take: { owner: string; ttlSeconds: number } }
      | { renew: { ttlSeconds?: number } }
      | { release: true }
      | null;
    status: Status | null;
    resumed: boolean;
    care: Care | null;
    /** Seconds from the beginning of time; `null` in it: none. */
    lookAt: { seconds: number | null } | null;
    settings: Settings | null;
    remove: boolean;
    events: EventDraft[];
    note: JsonNote;
  };
  /** Seconds that pass before it. */
  pause: number;
}

/** Rarely there: what most commits do not carry. */
function seldom<T>(arbitrary: fc.Arbitrary<T>, others = 3): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 1, arbitrary }, { weight: others, arbitrary: fc.constant(null) });
}

function mostly<T>(value: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 8, arbitrary: fc.constant(value) }, { weight: 2, arbitrary: other });
}

/** Text as it may come: none, quotes, line breaks, NUL, lone surrogates, what a script might take for its own. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    "",
    "~",
    "null",
    "\n",
    'a\n"b"',
    "\u0000",
    "\ud800",
    "é\u2028",
    "]==]",
    "{}",
    "-0",
    "1e400",
  ),
);
const owner = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("one", "two") },
  { weight: 1, arbitrary: text },
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(2 ** 53 + 2, 1e21, 1.5e-7, 0.1 + 0.2),
);
const note = fc.letrec<{ value: JsonNote }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    number.map((value) => (Object.is(value, -0) ? 0 : value)),
    text,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      text.filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 3 },
    ),
  ),
})).value;
const object = fc.dictionary(
  text.filter((name) => name !== "__proto__"),
  note,
  { maxKeys: 3, noNullPrototype: true },
);
const settings = fc.record(
  {
    kind: fc.constantFrom("etl", "train", "default"),
    labels: fc.dictionary(fc.constantFrom("team", "a.b", "n"), text, { noNullPrototype: true }),
    policy: fc.constantFrom<NonNullable<Settings["policy"]>>(
      {},
      { strategy: "time", minIntervalSeconds: 0.1 },
      { events: [] },
    ),
    retention: fc.constantFrom<NonNullable<Settings["retention"]>>(
      {},
      { keepLast: 3 },
      { deleteAfterSeconds: 100 },
      { maxBytes: 2 ** 53 - 1 },
    ),
    recovery: fc.constantFrom<NonNullable<Settings["recovery"]>>(
      {},
      { auto: true, backoffSeconds: 1e-7 },
      { silenceSeconds: 80 },
    ),
    tasks: fc.constantFrom<NonNullable<Settings["tasks"]>>(
      [],
      [{ name: "a\nb", after: [] }],
      [{ name: "x", seconds: 0.1 }],
    ),
    merge: fc.constantFrom<NonNullable<Settings["merge"]>>({}, { "/a~1b": "union" }),
  },
  { requiredKeys: [] },
);
const status = fc.constantFrom<Status>("running", "interrupted", "completed", "failed", "cancelled");
const event = fc.record(
  {
    type: fc.constantFrom<EventDraft["type"]>("completed", "failed", "interrupted", "leased"),
    owner,
    detail: text,
  },
  { requiredKeys: ["type"] },
);
// Multiples of 7 never sum up to a lease's time: no two clocks can disagree on whether it ran out.
const ttlSeconds = fc.constantFrom(1, 10, 100, 1000, 0.5);
const lease = fc.oneof(
  { weight: 3, arbitrary: fc.record({ take: fc.record({ owner, ttlSeconds }) }) },
  { weight: 2, arbitrary: fc.record({ renew: fc.record({ ttlSeconds }, { requiredKeys: [] }) }) },
  { weight: 1, arbitrary: fc.constant({ release: true } as const) },
);
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 70_000 }) },
);

export const step: fc.Arbitrary<Step> = fc.record({
  pipeline: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  again: seldom(
    fc.record({ back: fc.oneof(fc.nat(5), fc.nat(90)), otherDigest: mostly(false, fc.boolean()) }),
    7,
  ),
  expect: fc.record({
    create: fc.oneof(
      { weight: 1, arbitrary: fc.constant("never" as const) },
      { weight: 3, arbitrary: fc.constant("allowed" as const) },
      { weight: 4, arbitrary: fc.constant("anew" as const) },
    ),
    state: seldom(fc.constantFrom("present" as const, "present" as const, "absent" as const), 8),
    version: fc.oneof(
      { weight: 12, arbitrary: fc.constant(0) },
      { weight: 8, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.integer({ min: -1, max: 1 }) },
    ),
    revision: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 20, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.integer({ min: -1, max: 1 }) },
    ),
    fence: fc.oneof(
      { weight: 20, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.integer({ min: -1, max: 1 }) },
    ),
    force: mostly(false, fc.boolean()),
    base: fc.oneof(
      { weight: 12, arbitrary: fc.constant("none" as const) },
      { weight: 2, arbitrary: fc.constant("right" as const) },
      { weight: 1, arbitrary: fc.constant("wrong" as const) },
    ),
  }),
  effects: fc.record({
    state: fc.option(
      fc.record({
        bytes: length,
        verified: fc.boolean(),
        restored: mostly(false, fc.boolean()),
        delta: fc.boolean(),
      }),
      { nil: null },
    ),
    dropReplaced: mostly(false, fc.boolean()),
    verified: mostly(false, fc.boolean()),
    checkpoint: seldom(
      fc.record({
        label: fc.option(text, { nil: null }),
        metadata: fc.option(object, { nil: null }),
        reason: fc.option(text, { nil: null }),
        data: seldom(length, 2),
      }),
      1,
    ),
    changes: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Step["effects"]["changes"]>([]) },
      {
        weight: 2,
        arbitrary: fc.array(
          fc.record({
            at: fc.nat(11),
            how: fc.constantFrom("drop" as const, "quarantine" as const, "verify" as const),
          }),
          { maxLength: 4 },
        ),
      },
    ),
    lease: seldom(lease, 2),
    status: seldom(status, 9),
    resumed: mostly(false, fc.boolean()),
    care: seldom(
      fc.record({
        resumes: fc.nat(9),
        version: fc.nat(9),
        wake: fc.option(
          fc.record({
            at: fc.constantFrom("2026-11-23T08:00:00.000Z", "m\n2"),
            fence: fc.nat(9),
            tries: fc.nat(9),
            state: fc.constantFrom("waiting" as const, "dead" as const),
          }),
          { nil: null },
        ),
      }),
      6,
    ),
    lookAt: seldom(fc.record({ seconds: fc.option(fc.integer({ min: 1, max: 4e9 }), { nil: null }) }), 6),
    settings: seldom(settings, 4),
    remove: fc.oneof(
      { weight: 1, arbitrary: fc.constant(true) },
      { weight: 30, arbitrary: fc.constant(false) },
    ),
    events: fc.oneof(
      { weight: 2, arbitrary: fc.constant<EventDraft[]>([]) },
      { weight: 1, arbitrary: fc.array(event, { maxLength: 3 }) },
    ),
    note,
  }),
  pause: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(7, 77, 777) },
  ),
});
