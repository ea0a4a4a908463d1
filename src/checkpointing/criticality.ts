/** What criticality is judged by. */
export interface TaskFacts {
  /** 0–1 as its author declares it; taken at its word. */
  criticality?: number | undefined;
  /** What it takes to run it again (s). */
  seconds?: number | undefined;
  /** How many tasks wait for its result. */
  fanOut?: number | undefined;
  /** It changed the world outside: running it again is not safe. */
  irreversible?: boolean | undefined;
}

/** How critical a task is, 0–1, and why. */
export interface Criticality {
  criticality: number;
  reasons: string[];
}

/** A task of so many seconds is half as critical as time alone can make it. */
const HALF_SECONDS = 600;
const HALF_FAN_OUT = 8;
const MOST_BY_TIME = 0.7;
const MOST_BY_FAN_OUT = 0.5;
const IRREVERSIBLE = 0.9;

/**
 * How much it matters that a task's result is not lost. A declared criticality stands; else the time to
 * recompute and the fan-out add up like independent risks. What cannot be run again is critical in any case.
 */
export function analyzeTaskCriticality(task: TaskFacts): Criticality {
  const parts = task.criticality === undefined ? inferred(task) : [declared(task.criticality)];
  if (task.irreversible) parts.push({ share: IRREVERSIBLE, reason: "it cannot be undone" });
  const criticality = parts.reduce((sum, { share }) => sum + share - sum * share, 0);
  return { criticality, reasons: parts.map((part) => part.reason) };
}

interface Part {
  share: number;
  reason: string;
}

function declared(criticality: number): Part {
  return { share: Math.min(1, Math.max(0, criticality)), reason: `declared ${criticality}` };
}

function inferred({ seconds = 0, fanOut = 0 }: TaskFacts): Part[] {
  const parts: Part[] = [];
  if (seconds > 0) {
    const share = (MOST_BY_TIME * seconds) / (seconds + HALF_SECONDS);
    parts.push({ share, reason: `${Math.round(seconds)} s to run again` });
  }
  if (fanOut > 0) {
    const share = (MOST_BY_FAN_OUT * fanOut) / (fanOut + HALF_FAN_OUT);
    parts.push({ share, reason: `${fanOut} tasks wait for it` });
  }
  return parts;
}
