import type { ObjectPage, ObjectStore } from "./store.ts";

const LISTED_AT_ONCE = 1000;

/** Page by page all that begins with the prefix, or what of it comes behind `after`. */
export async function* pagesOf(
  store: ObjectStore,
  prefix: string,
  after?: string,
): AsyncGenerator<ObjectPage, void> {
  for (let last = after, more = true; more; ) {
    const position = last === undefined ? {} : { after: last };
    const page = await store.list(prefix, { limit: LISTED_AT_ONCE, ...position });
    yield page;
    last = page.keys.at(-1);
    more = page.more && last !== undefined;
  }
}
