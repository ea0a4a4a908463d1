import type { Page } from "../client/calls/pipeline.ts";
import type { PageOptions } from "../client/options.ts";
import type { Progress } from "./progress.ts";
import { numberOption } from "./service-command.ts";

/** How much of a list is asked for. */
export const LIST_OPTIONS = {
  limit: { type: "string" },
  all: { type: "boolean", default: false },
} as const;

export const LIST_HELP = `  --limit      how many at most; default: 50
  --all        all of them`;

const LONGEST = 500;

/** A list of the service, from as many pages as it takes. `isWhole`: there is no more of it. */
export async function listed<T>(
  list: (page: PageOptions) => Promise<Page<T>>,
  { limit, all }: { limit?: string | undefined; all: boolean },
  progress: Progress,
): Promise<{ data: T[]; isWhole: boolean }> {
  const most = all ? Number.POSITIVE_INFINITY : (numberOption("limit", limit, 1) ?? 50);
  const data: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await list({
      limit: Math.min(LONGEST, most - data.length),
      cursor: cursor ?? undefined,
    });
    data.push(...page.data);
    cursor = page.cursor;
    progress.show(`${data.length} so far`);
  } while (cursor !== null && data.length < most);
  return { data, isWhole: cursor === null };
}

/** Said below a list that goes on. */
export function more(isWhole: boolean): string {
  return isWhole ? "" : "\nThere are more: --all shows them.";
}
