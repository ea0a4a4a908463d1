import type { Labels, Status } from "../../model/pipeline.ts";
import type { PipelineSummary } from "../../model/pipeline-view.ts";
import type { AlertsView } from "../../monitoring/alerts.ts";
import type { StateMetrics } from "../../monitoring/state-metrics.ts";
import type { InterruptedPipeline } from "../../recovery/detect.ts";
import type { SweepSummary } from "../../recovery/sweep/sweep.ts";
import type { Learned } from "../../state/profiles.ts";
import type { Implementation } from "../later.ts";
import { checkId, type LoadOptions, type PageOptions } from "../options.ts";
import { held, type LeaseOptions, type Page, type ResumedPipeline } from "./pipeline.ts";
import { read, type Target, write } from "./request.ts";

export interface PipelineFilter {
  status?: Status | undefined;
  kind?: string | undefined;
  /** All of these. */
  labels?: Labels | undefined;
  /** RFC 3339 in UTC. */
  updatedBefore?: string | undefined;
}

export interface ClaimOptions extends Omit<LeaseOptions, "idempotencyKey"> {
  /** Only pipelines of these kinds. @default all */
  kinds?: readonly string[] | undefined;
  /** @default 1 */
  limit?: number | undefined;
}

export type ClaimedPipeline = Omit<ResumedPipeline, "policy" | "profile">;

/** The calls that `Cairn` loads when the first of them is made. */
export interface ServiceCalls {
  /** A page of pipelines, by id; `pipelines` goes through all. */
  listPipelines(filter?: PipelineFilter, options?: PageOptions): Promise<Page<PipelineSummary>>;
  /** The pipelines that are interrupted, whose lease ran out, or that fell silent. Changes nothing. */
  listInterrupted(options?: LoadOptions): Promise<InterruptedPipeline[]>;
  /** Takes interrupted pipelines to go on with, each with its lease: for workers that poll. */
  claim(options: ClaimOptions): Promise<ClaimedPipeline[]>;
  /** How the pipelines do. */
  metrics(options?: LoadOptions): Promise<StateMetrics>;
  /** What is wrong with the service (scope `admin`). */
  alerts(options?: LoadOptions): Promise<AlertsView>;
  /** Runs the scheduled sweep now (scope `admin`). */
  sweep(options?: LoadOptions): Promise<SweepSummary>;
  /** What was learned of a kind of pipelines. */
  profile(kind: string, options?: LoadOptions): Promise<Learned>;
  /** Forgets what was learned of a kind (scope `admin`). */
  resetProfile(kind: string, options?: LoadOptions): Promise<void>;
}

export const serviceCalls: Implementation<Target, ServiceCalls> = {
  listPipelines: (on, { labels, ...filter } = {}, options) =>
    read(on, "/pipelines", { ...filter, ...(labels && { label: labels }), ...options }),
  listInterrupted: async (on, options) =>
    (await read<{ data: InterruptedPipeline[] }>(on, "/interrupted", options)).data,
  claim: async (on, options) =>
    (await write<{ data: ClaimedPipeline[] }>(on, "POST", "/claims", held(options))).data,
  metrics: (on, options) => read(on, "/metrics", options),
  alerts: (on, options) => read(on, "/alerts", options),
  sweep: (on, options) => write(on, "POST", "/sweep", options),
  profile: (on, kind, options) => read(on, `/profiles/${checkId(kind)}`, options),
  resetProfile: (on, kind, options) => write(on, "DELETE", `/profiles/${checkId(kind)}`, options),
};
