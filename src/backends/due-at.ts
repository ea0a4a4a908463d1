import { FINISHED } from "../model/finished.ts";
import type { Head } from "../model/head.ts";

/**
 * When the sweep is to look at a pipeline, epoch milliseconds; null: it waits for nothing. That is the first of
 * these: its lease has run out for others as well; it has been silent for `silenceSeconds` without a lease; it is
 * finished and to be deleted; its `lookAt` has come.
 */
export function dueAt(head: Head, slackSeconds: number): number | null {
  if (head.deleted) return null;
  const times = [leaseEnd(head, slackSeconds), silenceEnd(head), deletion(head), timeOf(head.lookAt)];
  const due = times.filter((time) => time !== null);
  return due.length === 0 ? null : Math.min(...due);
}

function leaseEnd({ status, lease }: Head, slackSeconds: number): number | null {
  return status === "running" && lease ? Date.parse(lease.expiresAt) + slackSeconds * 1000 : null;
}

function silenceEnd({ status, lease, recovery, updatedAt }: Head): number | null {
  const { silenceSeconds } = recovery;
  if (status !== "running" || lease || silenceSeconds === undefined) return null;
  return Date.parse(updatedAt) + silenceSeconds * 1000;
}

function deletion({ status, retention, updatedAt }: Head): number | null {
  const { deleteAfterSeconds } = retention;
  if (!FINISHED.includes(status) || deleteAfterSeconds === undefined) return null;
  return Date.parse(updatedAt) + deleteAfterSeconds * 1000;
}

function timeOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}
