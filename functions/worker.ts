import type {
  AnalyticsEngineDataset,
  ExecutionContext,
  R2Bucket,
  ScheduledController,
} from "@cloudflare/workers-types";
import { openInWorker } from "../src/backends/configuration/worker.ts";
import { type AssembledService, assemble } from "../src/http/assemble.ts";
import { type Environment, parseEnvironment } from "../src/http/environment.ts";
import { misconfigured } from "../src/http/misconfigured.ts";
import { CairnError } from "../src/model/errors.ts";
import { analyticsSink } from "../src/monitoring/sinks/analytics.ts";

/**
 * What the Worker is given: variables as `Environment` names them, the bucket where that is the store, and where data points
 * of requests are written.
 */
export type Bindings = Environment & { CAIRN_BUCKET?: R2Bucket; CAIRN_ANALYTICS?: AnalyticsEngineDataset };

/** One service an isolate: its bindings never change while it lives. */
let service: AssembledService | null = null;

function serve(env: Bindings): AssembledService {
  const { CAIRN_BUCKET: bucket, CAIRN_ANALYTICS: dataset } = env;
  const { store, ...settings } = parseEnvironment(env, "worker", bucket !== undefined);
  const sinks = dataset ? [analyticsSink(dataset)] : [];
  return assemble(openInWorker(store, bucket), settings, { sinks });
}

export default {
  async fetch(request: Request, env: Bindings, context: ExecutionContext): Promise<Response> {
    try {
      service ??= serve(env);
    } catch (error) {
      if (error instanceof CairnError) return misconfigured(error);
      throw error;
    }
    const answer = Promise.resolve(service.app.fetch(request, env, context));
    // A caller who hangs up must not stop a commit halfway that carries others' commits as well.
    context.waitUntil(answer.catch(() => {}));
    return answer;
  },
  async scheduled(_controller: ScheduledController, env: Bindings): Promise<void> {
    service ??= serve(env);
    console.log(JSON.stringify({ event: "sweep", ...(await service.sweep()) }));
  },
};
