import { type Delivery, outcomeOf } from "../../src/recovery/wake/delivery.ts";
import { type Interruption, wakeMessage } from "../../src/recovery/wake/message.ts";
import { nameOf } from "./line.ts";
import { takeOver } from "./owner.ts";
import type { Run } from "./run.ts";
import { contexts } from "./world.ts";

/** The function behind the webhooks: it fails, hangs, or starts somebody who resumes the pipeline. */
export class Receiver {
  readonly #run: Run;
  /** Which interruption an id belongs to. */
  readonly #ids = new Map<string, string>();
  calm = false;

  constructor(run: Run) {
    this.#run = run;
  }

  /** One delivery, as `deliver` does it. */
  async deliver(interruption: Interruption): Promise<Delivery> {
    const { world } = this.#run;
    const message = await wakeMessage(interruption);
    this.#check(interruption, message.id);
    const context = contexts.getStore()!;
    const { random } = world;
    const end = random.next();
    if (!this.calm && end < 0.15) {
      await world.sleep(10);
      return { delivered: false, why: "no answer within 10 s", final: false };
    }
    await world.sleep(random.int(10, 400) / 1000);
    const status = this.calm || end < 0.7 ? 204 : end < 0.9 ? 500 : 429;
    world.log(
      () => `${context.actor.name} ${nameOf(interruption)} woken for f${interruption.fence}: ${status}`,
    );
    if (status === 204 && !this.calm && end < 0.6) takeOver(this.#run, interruption, random.int(0, 3000));
    return outcomeOf({ status, retryAfter: status === 429 ? "5" : null }, Date.now());
  }

  #check({ tenant, pipelineId, fence, at }: Interruption, id: string): void {
    const { world, recorder } = this.#run;
    const name = `${nameOf({ tenant, pipelineId })} f${fence} at ${at}`;
    const interruption = recorder
      .line({ tenant, pipelineId })
      .interruptions.find((one) => one.fence === fence && one.at === at);
    if (!interruption) world.violate(8, `${name}: a message about no interruption`);
    interruption?.messages.add(id);
    if (interruption && interruption.messages.size > 1)
      world.violate(8, `${name}: one interruption has two messages`);
    const other = this.#ids.get(id);
    if (other !== undefined && other !== name)
      world.violate(8, `${name}: its message has the id of that of ${other}`);
    this.#ids.set(id, name);
  }
}
