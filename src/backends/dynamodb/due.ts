import { FORMAT } from "../../model/head.ts";
import { shuffled } from "../../model/shuffled.ts";
import type { Upgrades } from "../object/container.ts";
import type { Due } from "../types.ts";
import { BY_DUE } from "./definition.ts";
import { type Item, number, openItem } from "./item.ts";
import { DUE_BUCKETS, type ItemKey, pipelineOf } from "./keys.ts";
import type { Table } from "./table.ts";

interface DueOptions {
  table: Table;
  upgrades: Upgrades;
  now: () => number;
}

/** As the index lists it: it may be behind the item. */
interface Hint {
  key: ItemKey;
  dueAt: string;
}

const AT_ONCE = 16;
const BUCKETS_AT_ONCE = 2;
const PAGE = 500;
/** Who was given a pipeline has this long to act before it is given to another. */
const CLAIM_SECONDS = 60;

/**
 * Pipelines whose time has come, each given to one caller: the item decides, and in the same step `dueAt` is pushed
 * on. The index that lists them is read eventually consistent. One that cannot be claimed or read does not
 * keep the others from being found: it is looked at again when its time has come.
 */
export async function findDue(options: DueOptions, limit: number): Promise<Due[]> {
  const search: Search = { options, limit, now: options.now(), found: [], failures: [] };
  // Sweeps that overlap begin at different buckets: they seldom read what another is claiming. Who meets another all
  // the same goes to the next ones for what he did not get, and reads no more than that.
  let lists = shuffled(DUE_BUCKETS).map((bucket) => hints(search, bucket));
  while (lists.length > 0 && isOpen(search)) {
    const [some, others] = [lists.slice(0, BUCKETS_AT_ONCE), lists.slice(BUCKETS_AT_ONCE)];
    lists = [...others, ...(await searchOn(search, some))];
  }
  const { found, failures } = search;
  if (found.length === 0 && failures.length > 0) throw failures[0];
  return found;
}

interface Search {
  options: DueOptions;
  limit: number;
  now: number;
  found: Due[];
  failures: unknown[];
}

function isOpen({ found, limit }: Search): boolean {
  return found.length < limit;
}

type Hints = AsyncGenerator<Hint[], void>;

/** A page of each, the oldest first. @returns those that may have more */
async function searchOn(search: Search, lists: readonly Hints[]): Promise<Hints[]> {
  const pages = await Promise.all(lists.map((list) => list.next()));
  const listed = pages.flatMap(({ value }) => value ?? []);
  await claimAll(
    search,
    listed.sort((a, b) => Number(a.dueAt) - Number(b.dueAt)),
  );
  return lists.filter((_, i) => !pages[i]!.done);
}

async function claimAll(search: Search, oldest: readonly Hint[]): Promise<void> {
  const { options, now, limit, found, failures } = search;
  for (let from = 0; from < oldest.length && isOpen(search); ) {
    const chunk = oldest.slice(from, from + Math.min(AT_ONCE, limit - found.length));
    from += chunk.length;
    for (const claimed of await Promise.allSettled(chunk.map((hint) => claim(options, hint, now))))
      if (claimed.status === "rejected") failures.push(claimed.reason);
      else if (claimed.value) found.push(claimed.value);
  }
}

async function* hints({ options, now, limit, found }: Search, bucket: string): Hints {
  const pages = options.table.query({
    index: BY_DUE,
    where: "#dueBucket = :bucket AND #dueAt <= :now",
    values: { ":bucket": { S: bucket }, ":now": number(now) },
    limit: () => Math.min(Math.ceil((limit - found.length) / BUCKETS_AT_ONCE), PAGE),
  });
  for await (const items of pages)
    yield items.map(({ pk, sk, dueAt }) => ({ key: { pk: pk!.S!, sk: sk!.S! }, dueAt: dueAt!.N! }));
}

async function claim(
  { table, upgrades }: DueOptions,
  { key, dueAt }: Hint,
  now: number,
): Promise<Due | null> {
  const values: Item = { ":seen": { N: dueAt }, ":now": number(now), ":format": number(FORMAT) };
  const { ok, item } = await table.change({
    key,
    set: { dueAt: number(now + CLAIM_SECONDS * 1000) },
    condition: "#dueAt = :seen AND #waitsUntil <= :now AND #format <= :format",
    values,
    returned: true,
  });
  if (!ok) return pushOn(table, { key, dueAt }, now);
  const pipeline = pipelineOf(key.pk);
  return { key: pipeline, head: openItem(item!, pipeline, upgrades).record!.head };
}

/** What waits on is looked at again when its time has come. Otherwise another was here first, or the index was behind. */
async function pushOn(table: Table, { key, dueAt }: Hint, now: number): Promise<null> {
  await table.change({
    key,
    set: {},
    copy: { dueAt: "waitsUntil" },
    condition: "#dueAt = :seen AND #waitsUntil > :now",
    values: { ":seen": { N: dueAt }, ":now": number(now) },
  });
  return null;
}
