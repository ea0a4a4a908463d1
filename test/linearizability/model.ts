import type { Span, Specification } from "./checker.ts";
import type { Answer, Operation, Request } from "./operations.ts";

/** A pipeline, as the design has it: the state's version and value, the fence, and who holds the lease. */
export interface Pipeline {
  /** 0: nobody has saved it yet. */
  version: number;
  value: string | null;
  fence: number;
  lease: Lease | null;
}

/** It is certainly live before `from`, and certainly not after `until`; between them it may be either. */
interface Lease {
  owner: string;
  ttlSeconds: number;
  from: number;
  until: number;
}

export interface Outcome {
  answer: Answer;
  next: Pipeline;
}

/** The store's clock tells whole milliseconds, and goes on while an answer is on its way. */
const EARLY_MS = 50;
/** Beside the declared slack: a clock that is read from `Date` headers, in whole seconds. */
const LATE_MS = 2000;

/**
 * One pipeline that is asked one thing after another. Time enters at one place: a lease runs out some time after
 * its `ttlSeconds`, counted from a moment between the request that granted or renewed it and the answer.
 *
 * @param slackSeconds how long the store honours an expired lease
 */
export function pipelineModel(slackSeconds: number): Specification<Pipeline, Operation> {
  return {
    initial: { version: 0, value: null, fence: 0, lease: null },
    after(state, operation) {
      const possible = outcomesOf(state, operation, slackSeconds);
      if (operation.answer === null) return possible.find(({ next }) => next !== state)?.next ?? null;
      return possible.find(({ answer }) => same(answer, operation.answer!))?.next ?? null;
    },
    keyOf: ({ version, value, fence, lease }) =>
      `${version} ${value} ${fence} ${lease ? `${lease.owner} ${lease.ttlSeconds} ${lease.from} ${lease.until}` : ""}`,
  };
}

function same(a: Answer, b: Answer): boolean {
  const [one, other] = [a, b] as Record<string, unknown>[];
  return ["is", "version", "value", "fence"].every((name) => one![name] === other![name]);
}

/** All that a request may be answered with, and the state after it: the same object where nothing changes. */
export function outcomesOf(
  state: Pipeline,
  operation: Span & { request: Request },
  slackSeconds: number,
): Outcome[] {
  const { request } = operation;
  const stay = (answer: Answer): Outcome[] => [{ answer, next: state }];
  switch (request.verb) {
    case "read":
      return stay(
        state.value === null
          ? { is: "missing" }
          : { is: "content", version: state.version, value: state.value },
      );
    case "save":
      return whenAllowed(state, operation, request.fence, () =>
        save(state, request, operation, slackSeconds),
      );
    case "take":
      if (state.version === 0) return stay({ is: "missing" });
      return [
        ...(mayBeLive(state, operation) && state.lease?.owner !== request.owner
          ? stay({ is: "leaseHeld" })
          : []),
        ...(state.lease?.owner === request.owner || mayBeOver(state, operation)
          ? [take(state, request, operation, slackSeconds)]
          : []),
      ];
    case "renew":
    case "release":
      if (state.version === 0) return stay({ is: "missing" });
      if (request.fence !== state.fence) return stay({ is: "fenceLost" });
      if (request.verb === "release")
        return [{ answer: { is: "released" }, next: state.lease ? { ...state, lease: null } : state }];
      return renew(state, request, operation, slackSeconds);
  }
}

function mayBeLive({ lease }: Pipeline, { invoked }: Span): boolean {
  return lease !== null && invoked <= lease.until;
}

function mayBeOver({ lease }: Pipeline, { returned }: Span): boolean {
  return lease === null || returned >= lease.from;
}

/** Under a live lease only its fence writes; a fence that is not the newest never does. */
function whenAllowed(
  state: Pipeline,
  span: Span,
  fence: number | undefined,
  write: () => Outcome,
): Outcome[] {
  const refusal = (is: "leaseHeld" | "fenceLost"): Outcome => ({ answer: { is }, next: state });
  if (state.version === 0) return [write()];
  if (fence !== undefined) return [fence === state.fence ? write() : refusal("fenceLost")];
  return [
    ...(mayBeLive(state, span) ? [refusal("leaseHeld")] : []),
    ...(mayBeOver(state, span) ? [write()] : []),
  ];
}

function save(
  state: Pipeline,
  { value, over, fence }: Extract<Request, { verb: "save" }>,
  span: Span,
  slackSeconds: number,
): Outcome {
  const { version, lease } = state;
  const exists = version > 0;
  const refused = over === "absent" ? exists : over !== undefined && over !== version;
  const impossible = over === 0 || (!exists && typeof over === "number");
  if (refused || impossible)
    return { answer: { is: "otherVersion", version: exists ? version : null }, next: state };
  const next = { ...state, version: version + 1, value };
  const answer = { is: "saved" as const, version: next.version };
  if (!lease || fence !== state.fence) return { answer, next };
  return { answer, next: { ...next, lease: prolonged(lease, span, slackSeconds) } };
}

/** A save by the holder renews the lease, and never shortens it. */
function prolonged(lease: Lease, span: Span, slackSeconds: number): Lease {
  const renewed = grant(lease.owner, lease.ttlSeconds, span, slackSeconds);
  const [from, until] = [Math.max(lease.from, renewed.from), Math.max(lease.until, renewed.until)];
  return { ...lease, from, until };
}

function take(
  state: Pipeline,
  { owner, ttlSeconds }: Extract<Request, { verb: "take" }>,
  span: Span,
  slackSeconds: number,
): Outcome {
  const fence = state.fence + 1;
  const lease = grant(owner, ttlSeconds, span, slackSeconds);
  return { answer: { is: "taken", fence }, next: { ...state, fence, lease } };
}

/** What was given back cannot be renewed. */
function renew(
  state: Pipeline,
  { ttlSeconds }: Extract<Request, { verb: "renew" }>,
  span: Span,
  slackSeconds: number,
): Outcome[] {
  if (!state.lease) return [{ answer: { is: "fenceLost" }, next: state }];
  const lease = grant(state.lease.owner, ttlSeconds, span, slackSeconds);
  return [{ answer: { is: "renewed" }, next: { ...state, lease } }];
}

function grant(owner: string, ttlSeconds: number, { invoked, returned }: Span, slackSeconds: number): Lease {
  const from = invoked + ttlSeconds * 1000 - EARLY_MS;
  return { owner, ttlSeconds, from, until: returned + (ttlSeconds + slackSeconds) * 1000 + LATE_MS };
}
