import { CairnError } from "../model/errors.ts";
import { formatPointer } from "../model/json/pointer.ts";
import { problemsOf } from "../model/parse.ts";
import { present } from "../model/present.ts";
import * as z from "../model/zod.ts";
import { ALERT_NAMES, type AlertName, type AlertThresholds } from "./alert-rules.ts";

/** Those that are not as `ALERT_THRESHOLDS` says. Each may be left out; none but these is known. */
export function thresholdsOf<N extends AlertName>(names: readonly N[]) {
  const value = z.optional(z.number().check(z.minimum(0)));
  return z.strictObject(Object.fromEntries(names.map((name) => [name, value])) as Record<N, typeof value>);
}

/**
 * Reads `CAIRN_ALERT_THRESHOLDS`: a JSON object.
 *
 * @throws CairnError `invalid_configuration` with all problems together
 */
export function parseThresholds(text: string): Partial<AlertThresholds> {
  const parsed = thresholdsOf(ALERT_NAMES).safeParse(parseJson(text));
  if (parsed.success) return present(parsed.data);
  throw invalid(problemsOf(parsed.error, (path) => `${NAME}${formatPointer(path)}`));
}

const NAME = "CAIRN_ALERT_THRESHOLDS";

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid([{ pointer: NAME, message: "is not JSON" }]);
  }
}

function invalid(errors: { pointer: string; message: string }[]): CairnError {
  return new CairnError("invalid_configuration", "The alert thresholds are not valid.", { errors });
}
