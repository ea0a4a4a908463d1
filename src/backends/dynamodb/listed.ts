import type { PipelineKey } from "../../model/ids.ts";
import { frameKey } from "../object/keys.ts";
import type { ObjectStore } from "../object/store.ts";

const PAGE = 1000;

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
  for (let last = after === undefined ? undefined : folder + after, more = true; more; ) {
    const position = last === undefined ? {} : { after: last };
    const page = await s3.list(folder + prefix, { limit: PAGE, ...position });
    yield page.keys.map((name, i) => [name.slice(folder.length), page.times[i]!]);
    last = page.keys.at(-1);
    more = page.more && last !== undefined;
  }
}
