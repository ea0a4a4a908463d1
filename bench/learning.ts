import { inProcess } from "./learning/in-process.ts";
import { scene } from "./learning/machine.ts";
import { throughService } from "./learning/through-service.ts";

export const about =
  "50 pipelines that learn through the whole service, over HTTP, against one process that is told all";

const MOST_APART = 0.03;

/** Words: the number of pipelines (default 50), the seed (default 1). @throws when they are too far apart */
export async function run([pipelines = "50", seed = "1"]: string[]): Promise<void> {
  const drawn = scene(Number(pipelines), Number(seed));
  const local = inProcess(drawn);
  const remote = await throughService(drawn);
  const line = (what: string, { overhead, checkpoints, deaths }: typeof local) =>
    console.log(
      `${what.padEnd(16)} wasted ${(100 * overhead).toFixed(2)} % of the work, ${checkpoints} checkpoints, ${deaths} deaths`,
    );
  line("in one process", local);
  line("by the service", remote);
  const { requests, interrupted, failuresLearned } = remote;
  console.log(
    `${requests} requests; the sweep interrupted ${interrupted}, the kind learned of ${failuresLearned} deaths`,
  );
  const apart = remote.overhead / local.overhead - 1;
  const held = Math.abs(apart) <= MOST_APART && interrupted === remote.deaths;
  console.log(
    `apart by ${(100 * apart).toFixed(2)} % of the waste, of ±${100 * MOST_APART} % allowed: ${held ? "ok" : "MISSED"}`,
  );
  if (!held) throw new Error("the service decides otherwise than one process");
}
