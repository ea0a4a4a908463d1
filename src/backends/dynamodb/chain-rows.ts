import type { PipelineKey } from "../../model/ids.ts";
import { FRAMES, type ItemKey, partition } from "./keys.ts";
import type { Query, Table } from "./table.ts";

/**
 * From where to where the rows of a chain are: the frames that a content is rebuilt from, which begin with their place
 * in the chain or were gathered, those that were gathered alone, the parts that were staged, or all.
 */
const RANGES = { links: [".", ".:"], gathered: [".+", ".,"], parts: [".p", ".q"], all: [".", "/"] } as const;

export function chainRows(key: PipelineKey, chain: string, range: keyof typeof RANGES): Query {
  const [from, to] = RANGES[range].map((end) => `${FRAMES}${chain}${end}`);
  return {
    where: "#pk = :pk AND #sk BETWEEN :from AND :to",
    values: { ":pk": { S: partition(key) }, ":from": { S: from! }, ":to": { S: to! } },
  };
}

/** The keys of a chain's rows. */
export async function chainKeys(
  table: Table,
  key: PipelineKey,
  chain: string,
  range: keyof typeof RANGES,
): Promise<ItemKey[]> {
  const keys: ItemKey[] = [];
  for await (const items of table.query({ ...chainRows(key, chain, range), only: ["pk", "sk"] }))
    keys.push(...items.map(({ pk, sk }) => ({ pk: pk!.S!, sk: sk!.S! })));
  return keys;
}
