/** What is watched, and above which value it is an alert. */
export interface AlertThresholds {
  /** Mean seconds of a checkpoint since the last look. @default 30 */
  checkpointTime: number;
  /** Share of the storage that may be used. @default 0.8 */
  storageUsage: number;
  /** Share of operations that failed since the last look. @default 0.05 */
  errorRate: number;
  /** Seconds since a sweep got to the end of what was due. @default 600 */
  sweepLag: number;
  /** Pipelines that one sweep interrupted. @default 10 */
  interruptedPipelines: number;
  /** Checkpoints that one sweep's drill found damaged. @default 0 */
  drillFailures: number;
}

export type AlertName = keyof AlertThresholds;

export const ALERT_THRESHOLDS: Readonly<AlertThresholds> = {
  checkpointTime: 30,
  storageUsage: 0.8,
  errorRate: 0.05,
  sweepLag: 600,
  interruptedPipelines: 10,
  drillFailures: 0,
};

export const ALERT_NAMES = Object.keys(ALERT_THRESHOLDS) as AlertName[];

/** Totals ever since, by one clock or many: what happened between two looks is their difference. */
export interface MetricsTotals {
  operations: number;
  errors: number;
  checkpoints: number;
  checkpointSeconds: number;
  /** 0 to 1 of what there is, now; null where nobody set a limit. */
  storageUsage: number | null;
}

/** Where the evaluation gets its figures; to be read once a sweep. */
export interface MetricsSource {
  totals(): Promise<MetricsTotals>;
}

/** Null: nothing was measured, which neither raises nor ends an alert. */
export type Values = Record<AlertName, number | null>;

/** One alert between two looks. */
export interface Standing {
  firing: boolean;
  /** Since when it fires, RFC 3339. */
  since: string | null;
  value: number | null;
  threshold: number;
  /** Looks in a row that were below, while it fires. */
  calm: number;
}

/** An alert ends below this share of its threshold, */
const CALM_SHARE = 0.8;
/** and after so many looks in a row: a value that goes up and down about the threshold is one alert. */
const CALM_LOOKS = 5;

/** One look at one value. Pure. */
export function look(
  before: Standing | undefined,
  value: number | null,
  threshold: number,
  at: string,
): Standing {
  const { firing = false, since = null, calm = 0 } = before ?? {};
  if (value === null) return { firing, since, value, threshold, calm };
  if (value > threshold) return { firing: true, since: since ?? at, value, threshold, calm: 0 };
  if (!firing) return { firing, since: null, value, threshold, calm: 0 };
  const quiet = value <= threshold * CALM_SHARE ? calm + 1 : 0;
  const ended = quiet >= CALM_LOOKS;
  return { firing: !ended, since: ended ? null : since, value, threshold, calm: ended ? 0 : quiet };
}

/** Between two looks; counters that went back (they were cleared) tell nothing. */
export function ratesOf(
  before: MetricsTotals | null,
  now: MetricsTotals | null,
): Pick<Values, "checkpointTime" | "errorRate" | "storageUsage"> {
  const share = (part: "errors" | "checkpointSeconds", whole: "operations" | "checkpoints") => {
    if (!before || !now) return null;
    const count = now[whole] - before[whole];
    const sum = now[part] - before[part];
    return count > 0 && sum >= 0 ? sum / count : null;
  };
  return {
    checkpointTime: share("checkpointSeconds", "checkpoints"),
    errorRate: share("errors", "operations"),
    storageUsage: now?.storageUsage ?? null,
  };
}

/** An alert as it is shown. */
export interface AlertView {
  name: AlertName;
  state: "ok" | "firing";
  value: number | null;
  threshold: number;
  since: string | null;
}

export function viewOf(
  name: AlertName,
  firing: boolean,
  { value, threshold, since }: Pick<Standing, "value" | "threshold" | "since">,
): AlertView {
  return { name, state: firing ? "firing" : "ok", value, threshold, since };
}
