import { invalidArgument } from "./errors.ts";

/** The task that a save belongs to: what `checkpoint: "auto"` decides by. */
export interface TaskFacts {
  /** Left out: no task ended, but how far it is and what happened is told. */
  name?: string | undefined;
  /** 0 to 1. */
  criticality?: number | undefined;
  /** How long it took. */
  seconds?: number | undefined;
  /** How many tasks wait for its result. */
  fanOut?: number | undefined;
  /** Of the whole pipeline, 0 to 1. */
  progress?: number | undefined;
  /** What happened. */
  event?: string | undefined;
}

/** More would be too long for a header; what is left out is not learned. */
const MOST_TASKS = 32;

/**
 * The value of `Cairn-Task`, a structured field (RFC 9651).
 *
 * @param tasks those that ended since the last save; the state is the outcome of the last
 * @throws CairnClientError `invalid_argument` for what such a field cannot hold
 */
export function taskHeader(tasks: TaskFacts | readonly TaskFacts[]): string {
  return [tasks].flat().slice(-MOST_TASKS).map(oneTask).join(", ");
}

function oneTask({ name, event, fanOut, criticality, seconds, progress }: TaskFacts): string {
  const parts = [name === undefined ? "?0" : fieldString(name)];
  for (const [key, value] of Object.entries({ criticality, seconds, progress, fanout: fanOut })) {
    if (value !== undefined) parts.push(`${key}=${fieldNumber(key, value)}`);
  }
  if (event !== undefined) parts.push(`event=${fieldString(event)}`);
  return parts.join(";");
}

/** A String, or where that cannot hold it a Display String (§3.3.8), which has no lone surrogates. */
function fieldString(given: string): string {
  const text = given.replace(/\p{Cs}/gu, "\ufffd");
  if (/^[ -~]*$/.test(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  const encoded = text.replace(/[^ -~]|["%]/gu, (letter) => encodeURIComponent(letter).toLowerCase());
  return `%"${encoded}"`;
}

/** Decimals of such a field have at most 3 places after the point. */
function fieldNumber(what: string, value: number): string {
  if (!(Math.abs(value) < 1e12)) throw invalidArgument(`task.${what} must be a number below 1e12.`);
  return String(Number(value.toFixed(3)) + 0);
}
