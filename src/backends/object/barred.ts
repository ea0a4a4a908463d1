import { chainOf, isPart } from "../../model/chain.ts";
import type { Head } from "../../model/head.ts";
import type { HeadRecord } from "./record.ts";

/*
 * A frame that was put by a writer who was then held up may be collected, and put again when he goes on: under the
 * same name, which the collector may yet be about to delete. So a head says which names were collected, and no commit
 * may bring them any more, until its version is past theirs and none can.
 */

/** What a head keeps of a name: all parts of one chain go together. */
export function barOf(frameId: string): string {
  return isPart(frameId) ? `${chainOf({ frameId })}.p` : frameId;
}

/** Whether the name was collected. */
export function isCollected(
  record: Pick<HeadRecord, "barred"> | null,
  { frameId }: { frameId: string },
): boolean {
  return record?.barred.includes(barOf(frameId)) ?? false;
}

/** The bars that a head of that version must keep. */
export function stillBarred(
  { barred }: Pick<HeadRecord, "barred">,
  { version }: Head,
): Pick<HeadRecord, "barred"> {
  return { barred: barred.filter((bar) => versionOf(bar) >= version) };
}

/** Of the frame, or of the content in parts: that of its chain and its place there. */
function versionOf(bar: string): number {
  const [, chain, place = "0"] = /^(\d+)-[^.]*(?:\.(\d+))?/.exec(bar) ?? [];
  return chain === undefined ? Number.POSITIVE_INFINITY : Number(chain) + Number(place);
}
