import type { ExecutionContext, R2Bucket, ScheduledController } from "@cloudflare/workers-types";
import { objectBackend } from "../src/backends/object/backend.ts";
import { r2Store } from "../src/backends/object/r2.ts";
import { createApp } from "../src/http/app.ts";
import { type Environment, parseEnvironment } from "../src/http/environment.ts";
import { misconfigured } from "../src/http/misconfigured.ts";
import { CairnError } from "../src/model/errors.ts";
import { sweep } from "../src/recovery/sweep.ts";
import { type Core, createCore } from "../src/state/core.ts";

/** Bindings of the Worker: the bucket, and variables as `Environment` names them. */
export type Bindings = Environment & { CAIRN_BUCKET: R2Bucket };

type Service = { core: Core; fetch: ReturnType<typeof createApp>["fetch"] };

/** One service an isolate: its bindings never change while it lives. */
let service: Service | null = null;

function serve(env: Bindings): Service {
  const { minCommitSeconds, ...settings } = parseEnvironment(env);
  const store = r2Store({ bucket: env.CAIRN_BUCKET, minWriteSeconds: minCommitSeconds });
  const core = createCore({ backend: objectBackend({ store }) });
  const app = createApp({ core, ...settings });
  return { core, fetch: app.fetch };
}

export default {
  async fetch(request: Request, env: Bindings, context: ExecutionContext): Promise<Response> {
    try {
      service ??= serve(env);
    } catch (error) {
      if (error instanceof CairnError) return misconfigured(error);
      throw error;
    }
    const answer = Promise.resolve(service.fetch(request, env, context));
    // A caller who hangs up must not stop a commit halfway that carries others' commits as well.
    context.waitUntil(answer.catch(() => {}));
    return answer;
  },
  async scheduled(_controller: ScheduledController, env: Bindings): Promise<void> {
    service ??= serve(env);
    console.log(JSON.stringify({ event: "sweep", ...(await sweep(service.core)) }));
  },
};
