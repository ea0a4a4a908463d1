import type { Child } from "../children.ts";
import type { Entry } from "../journal.ts";
import { startWorker } from "../run.ts";
import { tasks } from "../stages.ts";

/** One pipeline, and what becomes of it. Times are epoch milliseconds. */
export interface Patient {
  id: string;
  /** What is done to it, in words. */
  strike: string;
  struckAt: number;
  /** Tasks that it had saved when it was struck. */
  saved: number;
  /** Tasks that its successor found done. */
  resumedWith: number | null;
  completedAt: number | null;
}

/** What a task lasts at least, milliseconds. */
const PACE = 120;

/** Runs a pipeline until it has saved so many tasks, and kills it in the middle of the next. */
export async function strikeAfter(patient: Patient, done: number, where: Place): Promise<void> {
  const child = begin(patient, "first", where, (entry) => {
    if (entry.did === "saved") patient.saved += 1;
    if (entry.did === "started" && patient.saved >= done) child.kill();
  });
  const code = await child.ended;
  if (code === 0) throw new Error(`${patient.id} came to its end before it was struck.`);
  patient.struckAt = Date.now();
}

/** Another process goes on with it, to its end. */
export function goOn(patient: Patient, worker: string, where: Place): Child {
  return begin(patient, worker, where, (entry) => {
    if (entry.did === "resumed") patient.resumedWith = entry.done ?? 0;
    if (entry.did === "completed") patient.completedAt = Date.now();
  });
}

export interface Place {
  url: string;
  folder: string;
}

function begin(
  { id }: Patient,
  worker: string,
  { url, folder }: Place,
  onEntry: (entry: Entry) => void,
): Child {
  const journal = `${folder}-${id}`;
  const child = startWorker({ url, id, journal, paceMs: PACE }, `${id}-${worker}`);
  child.process.on("message", (message) => onEntry(message as Entry));
  return child;
}

export function patient(id: string, strike: string): Patient {
  return { id, strike, struckAt: 0, saved: 0, resumedWith: null, completedAt: null };
}

export const ALL_TASKS = tasks.length;
