import { once } from "../model/once.ts";
import { problemsOf } from "../model/parse.ts";
import { present } from "../model/present.ts";
import * as z from "../model/zod.ts";
import type { StateManager } from "../state/manager.ts";
import { type OperationEvent, refused } from "../state/options.ts";
import { type Session, sessionOf } from "../state/session.ts";
import {
  ALERT_THRESHOLDS,
  type AlertThresholds,
  type AlertView,
  look,
  type MetricsTotals,
  ratesOf,
  type Standing,
  viewOf,
} from "./alert-rules.ts";
import { incrementsOf, type Operation } from "./counts.ts";
import type { StateMetrics } from "./state-metrics.ts";
import { thresholdsOf } from "./thresholds.ts";

/** As the HTTP contract names what the library does, so that either is counted with the other. */
const NAMES: Readonly<Record<string, string>> = {
  save: "saveState",
  load: "loadState",
  checkpoint: "createCheckpoint",
  delete: "deletePipeline",
  history: "listEvents",
  queryPipelines: "listPipelines",
  diff: "diffCheckpoints",
  validateCheckpoint: "verifyCheckpoint",
  fork: "forkPipeline",
  export: "exportPipeline",
};

/** Where operations are told beside being counted: what a sink is to the service. */
export interface MetricsBackend {
  /** Of every operation, when it has ended. What it throws fails nothing, and is counted as dropped. */
  record(operation: Operation): void;
}

/** Those of the alerts that need no sweep. */
const WATCHED = ["checkpointTime", "storageUsage", "errorRate"] as const;

export interface StateMonitorOptions {
  /** The one whose operations are counted, with all that shares its store: recoveries through it as well. */
  manager: StateManager;
  /** @default none: operations are counted in the manager's store alone */
  metricsBackend?: MetricsBackend;
  /** @default { checkpointTime: 30, storageUsage: 0.8, errorRate: 0.05 } */
  alertThresholds?: Partial<Pick<AlertThresholds, (typeof WATCHED)[number]>>;
}

const Options = once(() =>
  z.strictObject({
    manager: z.custom<StateManager>((value) => value && sessionOf(value), "must be a StateManager"),
    metricsBackend: z.optional(z.custom<MetricsBackend>(isBackend, "must have a method record")),
    alertThresholds: z.optional(thresholdsOf(WATCHED)),
  }),
);

function isBackend(value: unknown): boolean {
  return typeof (value as MetricsBackend | null)?.record === "function";
}

/** What is counted when the backend threw. */
const DROPPED = { "d/metricsBackend": 1 };

/** Nothing was done yet: the first look is at all there is. */
const NOTHING: MetricsTotals = {
  ...{ operations: 0, errors: 0, checkpoints: 0, checkpointSeconds: 0 },
  storageUsage: null,
};

/**
 * Counts what a manager does into its store (a service counts by itself), and tells how the pipelines of its tenant do,
 * whoever ran them.
 *
 * @example
 * const monitor = new StateMonitor({ manager, alertThresholds: { errorRate: 0.01 } });
 * const { errorRate } = await monitor.getStateMetrics();
 * const firing = (await monitor.getAlerts()).filter(({ state }) => state === "firing");
 */
export class StateMonitor {
  readonly #session: Session;
  readonly #thresholds: AlertThresholds;
  readonly #backend: MetricsBackend | undefined;
  readonly #standings = new Map<string, Standing>();
  #totals = NOTHING;

  /** @throws StateManagerError `invalid_configuration` */
  constructor(options: StateMonitorOptions) {
    const parsed = Options().safeParse(options ?? {});
    if (!parsed.success) throw refused(problemsOf(parsed.error));
    const { manager, metricsBackend, alertThresholds = {} } = parsed.data;
    this.#session = sessionOf(manager)!;
    this.#backend = metricsBackend;
    this.#thresholds = { ...ALERT_THRESHOLDS, ...present(alertThresholds) };
    this.#session.observe((event) => this.#record(event));
  }

  getStateMetrics(): Promise<StateMetrics> {
    return this.#session.perform("getMetrics", null, () => (verbs) => verbs.metrics());
  }

  /**
   * Looks at the metrics, by the rules of `GET /v1/alerts`: at first at all there is, then at what was done since the
   * look before. An alert fires above its threshold, and ends after five looks in a row at 80 % of it or less.
   */
  async getAlerts(): Promise<AlertView[]> {
    const { totals, storageUtilization: storageUsage } = await this.#session.perform(
      "listAlerts",
      null,
      () => (verbs) => verbs.metrics(),
    );
    const now = { ...totals, storageUsage };
    const values = ratesOf(this.#totals, now);
    this.#totals = now;
    const at = new Date().toISOString();
    return WATCHED.map((name) => {
      const standing = look(this.#standings.get(name), values[name], this.#thresholds[name], at);
      this.#standings.set(name, standing);
      return viewOf(name, standing.firing, standing);
    });
  }

  #record({ operation, seconds, ok, code }: OperationEvent): void {
    const named = {
      operation: NAMES[operation] ?? operation,
      code: ok ? "ok" : (code ?? "internal"),
    } as const;
    const done: Operation = { ...named, seconds, bytesIn: 0, bytesOut: 0 };
    this.#session.count(incrementsOf(done));
    try {
      this.#backend?.record(done);
    } catch {
      this.#session.count(DROPPED);
    }
  }
}
