import { CairnError, type ErrorItem } from "./errors.ts";
import { formatPointer } from "./json/pointer.ts";
import type * as z from "./zod.ts";

/**
 * Parses with a schema, or throws `malformed` with every problem listed.
 *
 * @param where names what is parsed in the detail ("The query")
 * @param locate makes an item's `pointer` from the path of an issue. @default a JSON Pointer
 */
export function parseWith<S extends z.ZodMiniType>(
  schema: S,
  input: unknown,
  where: string,
  locate: (path: readonly string[]) => string = formatPointer,
): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const errors = problemsOf(parsed.error, locate);
  throw new CairnError("malformed", `${where} is not valid: ${describe(errors)}`, { errors });
}

/** What a schema found, an item for each problem. */
export function problemsOf(
  error: z.core.$ZodError,
  locate: (path: readonly string[]) => string = formatPointer,
): ErrorItem[] {
  return error.issues.flatMap((issue) => itemsOf(issue, locate));
}

function itemsOf(issue: z.core.$ZodIssue, locate: (path: readonly string[]) => string): ErrorItem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ pointer: locate([...path, key]), message: "unknown" }));
  }
  // Keys of a record: the message that helps is the inner one.
  const message = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ pointer: locate(path), message }];
}

function describe(errors: readonly ErrorItem[]): string {
  const [first] = errors;
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return `${first?.pointer || "the whole"}: ${first?.message}${rest}`;
}
