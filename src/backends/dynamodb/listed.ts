import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import { pagesOf } from "../object/listing.ts";
import type { ObjectStore } from "../object/store.ts";

interface Part {
  prefix?: string;
  after?: string;
}

/** Page by page the ids of a pipeline's frames that are objects, as they sort. */
export async function* listedFrames(
  s3: ObjectStore,
  key: PipelineKey,
  part: Part = {},
): AsyncGenerator<string[], void> {
  for await (const page of datedFrames(s3, key, part)) yield page.map(([frameId]) => frameId);
}

/** As `listedFrames`, each with when it was put: epoch milliseconds. */
export async function* datedFrames(
  s3: ObjectStore,
  key: PipelineKey,
  { prefix = "", after }: Part = {},
): AsyncGenerator<[frameId: string, at: number][], void> {
  const folder = frameKey(key, "");
  const first = after === undefined ? undefined : folder + after;
  for await (const { keys, times } of pagesOf(s3, folder + prefix, first))
    yield keys.map((name, i) => [name.slice(folder.length), times[i]!]);
}
