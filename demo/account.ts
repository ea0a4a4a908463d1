import type { Entry } from "./journal.ts";

export interface Kill {
  worker: string;
  /** Epoch milliseconds, as all times here. */
  at: number;
}

/** What one kill cost. */
export interface Loss extends Kill {
  /** What the process was doing. */
  during: string;
  /** Work that a successor did again, milliseconds. */
  redoneMs: number;
  /** From the kill until a successor went on, milliseconds. */
  idleMs: number;
}

/** How often a task was begun after its first time: all tasks together, out of the journal. */
export function countRepeats(journal: readonly Entry[]): number {
  const started = journal.filter(({ did }) => did === "started");
  return started.length - new Set(started.map(({ task }) => task)).size;
}

/** The states that were saved, each once however often it was sent, bytes in all. */
export function sumOfStates(journal: readonly Entry[]): number {
  const sizes = new Map(
    journal.filter(({ did }) => did === "sends").map(({ task, bytes }) => [task, bytes!]),
  );
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** What a kill cost, by what the journal says of the killed and of those who came after. */
export function lossOf({ worker, at }: Kill, journal: readonly Entry[]): Loss {
  const own = journal.filter((entry) => entry.worker === worker);
  const later = journal.slice(journal.findLastIndex((entry) => entry.worker === worker) + 1);
  const task = own.at(-1)?.task;
  const begun = own.find((entry) => entry.did === "started" && entry.task === task);
  const again = later.some((entry) => entry.did === "started" && entry.task === task);
  const successor = later.find(({ did }) => did === "resumed");
  return {
    worker,
    at,
    during: describe(own, again),
    redoneMs: begun && again ? at - begun.at : 0,
    idleMs: successor ? successor.at - at : 0,
  };
}

function describe(own: readonly Entry[], again: boolean): string {
  const last = own.at(-1);
  switch (last?.did) {
    case "started":
      return own.at(-2)?.did === "resumed" ? `${last.task}, just resumed` : `${last.task}`;
    case "saves":
    case "sends":
      return `the save of ${last.task}${again ? "" : ", which landed"}`;
    case "saved":
      return `between tasks, after ${last.task}`;
    case "resumed":
      return "its resume";
    default:
      return "its start";
  }
}
