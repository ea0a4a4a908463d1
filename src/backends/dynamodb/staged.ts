import { chainOf } from "../../model/chain.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Commit } from "../types.ts";
import { chainKeys } from "./chain-rows.ts";
import type { Shelves } from "./frames.ts";
import { FRAMES } from "./keys.ts";
import { listedFrames } from "./listed.ts";

/** Of the frames that the commits say were staged, those that are there; one list a chain, none for most commits. */
export async function stagedThere(
  shelves: Shelves,
  key: PipelineKey,
  commits: readonly Commit[],
): Promise<ReadonlySet<string>> {
  const links = commits.flatMap(({ effects }) => effects.state?.staged ?? []);
  const chains = [...new Set(links.map(chainOf))];
  const names = await Promise.all(chains.map((chain) => partsOf(shelves, key, chain)));
  return new Set(names.flat());
}

async function partsOf({ table, s3 }: Shelves, key: PipelineKey, chain: string): Promise<string[]> {
  if (!s3) {
    const keys = await chainKeys(table, key, chain, "parts");
    return keys.map(({ sk }) => sk.slice(FRAMES.length));
  }
  const names: string[] = [];
  for await (const ids of listedFrames(s3, key, { prefix: `${chain}.p` })) names.push(...ids);
  return names;
}
