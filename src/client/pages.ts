import type { Page } from "./calls/pipeline.ts";
import type { PageOptions } from "./options.ts";

export type ListOptions = Pick<PageOptions, "signal">;

/** The longest page there is. */
const LONGEST = 500;

/** Every item of a list, page by page. */
export async function* each<T>(
  list: (page: PageOptions) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let page: Page<T> | undefined;
  do {
    page = await list({ limit: LONGEST, cursor: page?.cursor as string | undefined });
    yield* page.data;
  } while (page.cursor);
}
