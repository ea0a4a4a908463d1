import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { Cairn, type Run } from "../../src/client/index.ts";
import { createApp } from "../../src/http/app.ts";
import { serveHttp } from "../../src/http/node-server.ts";
import { OutcomeUnknown } from "../../src/model/errors.ts";
import { sweeper } from "../../src/recovery/sweep/sweeper.ts";
import { createCore } from "../../src/state/core.ts";
import { Machine, type Outcome, outcome, type Scene } from "./machine.ts";

export interface ServiceOutcome extends Outcome {
  requests: number;
  interrupted: number;
  /** As the service counts them. */
  failuresLearned: number;
}

const TTL_SECONDS = 60;
const BEAT_SECONDS = 20;
const START = Date.parse("2026-11-23T08:00:00Z");

class Death extends Error {}

/**
 * The same pipelines by `cairn.run` over HTTP: a machine that dies falls silent, the sweep finds it, another goes on.
 * The clocks of the service and the client are the machine's.
 */
export async function throughService(scene: Scene): Promise<ServiceOutcome> {
  const machine = new Machine();
  const restore = virtualClocks(machine);
  const timed = slowStore(machine, scene);
  const core = createCore({ backend: timed.backend });
  const app = createApp({ core, keys: null });
  let requests = 0;
  const underway = new Set<unknown>();
  const server = await serveHttp({
    async fetch(request) {
      requests++;
      const answer = Promise.resolve(app.fetch(request));
      underway.add(answer);
      return answer.finally(() => underway.delete(answer));
    },
  });
  const sweep = sweeper(core);
  let interrupted = 0;

  /** @returns whether the pipeline came to its end */
  async function attempt(pipeline: number, life: number): Promise<boolean> {
    machine.start(scene.life(pipeline, life));
    const power = new AbortController();
    timed.died = () => power.abort(new Death());
    timed.recovering = true;
    const cairn = new Cairn({ url: `http://127.0.0.1:${server.port}` });
    const tasks = scene.taskSeconds.map((seconds, i) => ({ name: `t${i}`, seconds }));
    const options = { kind: "sim", tasks, ttlSeconds: TTL_SECONDS, signal: power.signal };
    const policy = { strategy: "adaptive" as const };
    return cairn
      .run(`p${pipeline}`, { ...options, policy }, (run) => work(run, power))
      .then(
        () => true,
        (error: unknown) => {
          if (power.signal.aborted) return false;
          throw error;
        },
      );
  }

  async function work(run: Run, power: AbortController): Promise<void> {
    for (const [i, seconds] of scene.taskSeconds.entries())
      await run.step(`t${i}`, async () => {
        for (let left = seconds; left > 0; left -= BEAT_SECONDS) {
          if (!machine.pass(Math.min(left, BEAT_SECONDS))) power.abort(new Death());
          power.signal.throwIfAborted();
          await run.heartbeat();
        }
      });
  }

  for (let pipeline = 0; pipeline < scene.pipelines; pipeline++) {
    for (let life = 0; !(await attempt(pipeline, life)); life++) {
      // What the dead machine had asked for is done at the time that it asked.
      await Promise.allSettled(underway);
      machine.rest(scene.restartSeconds - 1);
      interrupted += (await sweep()).interrupted;
      machine.rest(1);
    }
    machine.rest(0);
    await sweep();
  }
  const sums = await core.backend.sums({ tenant: "local", scope: "profile/sim" });
  await server.stop();
  restore();
  const measured = outcome(scene, machine, timed.saves - scene.pipelines);
  return { ...measured, requests, interrupted, failuresLearned: sums.n ?? 0 };
}

/** A store that takes its time for saves and recoveries, in which the machine that waits may die: then nothing is saved. */
function slowStore(machine: Machine, { checkpointSeconds, recoverySeconds }: Scene) {
  const store = memoryBackend({ now: () => START + machine.now * 1000 });
  const timed = { backend: store as StorageBackend, saves: 0, recovering: false, died: () => {} };
  timed.backend = {
    ...store,
    async commit(commits) {
      const saves = commits.some(({ effects }) => effects.state);
      if (saves && !machine.pass(checkpointSeconds)) {
        timed.died();
        throw new OutcomeUnknown("the machine died");
      }
      if (saves) timed.saves++;
      return store.commit(commits);
    },
    async load(key, options) {
      const loaded = await store.load(key, options);
      if (options?.frames && timed.recovering && loaded?.head.state) {
        timed.recovering = false;
        if (!machine.pass(recoverySeconds)) timed.died();
      }
      return loaded;
    },
  };
  return timed;
}

function virtualClocks(machine: Machine): () => void {
  const [dateNow, performanceNow] = [Date.now, performance.now];
  Date.now = () => START + machine.now * 1000;
  performance.now = () => machine.now * 1000;
  return () => {
    Date.now = dateNow;
    performance.now = performanceNow;
  };
}
