import type { PipelineSummary } from "../model/pipeline-view.ts";
import type { Target } from "./calls/request.ts";
import type { PipelineFilter, ServiceCalls } from "./calls/service.ts";
import { invalidArgument } from "./errors.ts";
import { later } from "./later.ts";
import { Memory } from "./memory.ts";
import { checkId } from "./options.ts";
import { each, type ListOptions } from "./pages.ts";
import { Pipeline } from "./pipeline.ts";
import type { Run, RunOptions } from "./run/run.ts";
import type { Shared } from "./save.ts";
import { type Answer, createSend, type Outgoing } from "./send.ts";
import { type Turns, turns } from "./turns.ts";

export interface CairnOptions {
  /** Where the service is: `https://cairn.example.com`. A path is kept. */
  url: string;
  /** Not needed by a service on this machine that has no keys. */
  apiKey?: string | undefined;
  /** @default the runtime's own */
  fetch?: typeof globalThis.fetch | undefined;
  /** For one request and its answer; each is sent three times at most. @default 30 */
  timeoutSeconds?: number | undefined;
  /** Of the last contents that are kept for deltas, over all pipelines. 0: no deltas. @default 64 MiB */
  memoryBytes?: number | undefined;
}

const Calls = later<Target, ServiceCalls>(
  "listPipelines listInterrupted claim metrics alerts sweep profile resetProfile",
  async () => (await import("./calls/index.ts")).serviceCalls,
);

/**
 * A client of a Cairn service. It keeps the contents that were saved and loaded last, and sends what changed.
 *
 * @example
 * const cairn = new Cairn({ url: "https://cairn.example.com", apiKey: "…" });
 * const nightly = cairn.pipeline("nightly-2026-11-23");
 * await nightly.save({ done: new Set(["collect"]), at: new Date() }, { checkpoint: "always" });
 * const state = (await nightly.load())?.value;
 */
export class Cairn extends Calls {
  readonly #shared: Shared;
  readonly #turns: Turns;

  /** @throws CairnClientError `invalid_argument` */
  constructor(options: CairnOptions) {
    const { timeoutSeconds = 30, memoryBytes = 64 * 1024 * 1024, apiKey } = options;
    const send = createSend({
      url: checkUrl(options.url),
      headers: apiKey === undefined ? {} : { Authorization: `Bearer ${checkKey(apiKey)}` },
      // Not the bare function: browsers and workerd refuse to call it on another object.
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      timeoutSeconds,
    });
    super({ send, path: "/v1" });
    this.#shared = { send, memory: new Memory(memoryBytes), deltas: true };
    this.#turns = turns(3 * timeoutSeconds);
  }

  /**
   * Runs a pipeline from where it had got to: steps that ended before are not done again. It is found when this process
   * dies, and whoever runs it next goes on. Whether what it has so far is worth a save is decided at the end of each
   * step, by the pipeline's policy.
   *
   * @returns what `work` does; of a pipeline that was completed before, what it came to then
   * @throws CairnHttpError `lease_held` while another runs it, and what `work` throws
   *
   * @example
   * await cairn.run("nightly-2026-11-23", { kind: "nightly" }, async (run) => {
   *   for (const part of parts) await run.step(part.name, () => work(part), { criticality: 0.8 });
   * });
   */
  async run<T>(id: string, options: RunOptions, work: (run: Run) => Promise<T>): Promise<T> {
    const pipeline = this.pipeline(id);
    const { startRun } = await import("./run/run.ts");
    return startRun(pipeline, options, work);
  }

  /** All pipelines that a filter lets through, by id, page by page. */
  pipelines(filter: PipelineFilter = {}, options: ListOptions = {}): AsyncGenerator<PipelineSummary, void> {
    return each((page) => this.listPipelines(filter, { ...options, ...page }));
  }

  /**
   * One call of the service that has no method here, sent as all others are: again when no answer comes, so a
   * change needs an `Idempotency-Key`.
   *
   * @throws CairnHttpError, CairnClientError
   */
  request(request: Outgoing): Promise<Answer> {
    return this.#shared.send(request);
  }

  /** A pipeline by its id, whether it exists or not: its first save creates it. */
  pipeline(id: string): Pipeline {
    return new Pipeline(checkId(id), this.#shared, this.#turns);
  }
}

/** @returns the URL without a slash at its end */
function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isService = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  if (!isService || url.search || url.hash) {
    throw invalidArgument("url must be http or https, without a user, query or fragment.");
  }
  return url.href.replace(/\/+$/, "");
}

/** The error of `fetch` would quote the key. */
function checkKey(key: string): string {
  if (/^[!-~]+$/.test(key)) return key;
  throw invalidArgument("apiKey may only have printable ASCII characters.");
}
