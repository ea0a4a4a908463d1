import { StateManagerError } from "../model/errors.ts";
import { metricsKey } from "../state/core.ts";
import type { StateManager } from "../state/manager.ts";
import type { OperationEvent } from "../state/options.ts";
import { type Session, sessionOf } from "../state/session.ts";
import { incrementsOf } from "./counts.ts";
import { type StateMetrics, stateMetricsOf } from "./state-metrics.ts";

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
  cleanup: "prune",
  fork: "forkPipeline",
  export: "exportPipeline",
};

export interface StateMonitorOptions {
  /** The one whose operations are counted, with all that shares its store: recoveries through it as well. */
  manager: StateManager;
}

/**
 * Counts what a manager does into its store, and tells how the pipelines of its tenant do, whoever ran them.
 *
 * @example
 * const monitor = new StateMonitor({ manager });
 * const { errorRate } = await monitor.getStateMetrics();
 */
export class StateMonitor {
  readonly #session: Session;

  /** @throws StateManagerError `invalid_configuration` */
  constructor(options: StateMonitorOptions) {
    const { manager, ...unknown } = options ?? {};
    const session = manager && sessionOf(manager);
    const [name] = Object.keys(unknown);
    if (!session || name !== undefined) {
      const message = session ? "unknown" : "must be a StateManager";
      const pointer = `/${session ? name : "manager"}`;
      const facts = { errors: [{ pointer, message }] };
      throw new StateManagerError("invalid_configuration", `${pointer}: ${message}`, facts);
    }
    this.#session = session;
    session.observe((event) => this.#record(event));
  }

  getStateMetrics(): Promise<StateMetrics> {
    const { tenant } = this.#session.settings;
    return this.#session.perform("getMetrics", null, () => (core) => stateMetricsOf(core, tenant));
  }

  #record({ operation, seconds, ok, code }: OperationEvent): void {
    const done = { operation: NAMES[operation] ?? operation, seconds, bytesIn: 0, bytesOut: 0 };
    const increments = incrementsOf({ ...done, code: ok ? "ok" : (code ?? "internal") });
    this.#session.count(metricsKey(this.#session.settings.tenant), increments);
  }
}
