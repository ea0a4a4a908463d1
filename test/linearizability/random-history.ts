import type { Random } from "../simulation/random.ts";
import { outcomesOf, type Pipeline, pipelineModel } from "./model.ts";
import type { Operation, Request } from "./operations.ts";
import { nextRequest, type Subject } from "./pipelines.ts";

/** What clients would have seen of a pipeline that does what the model says: linearizable by construction. */
export function randomHistory(random: Random, operations: number): Operation[] {
  const subject: Subject = { id: "p", leases: true, asked: 0, history: [], versions: [], fences: [] };
  let state: Pipeline = pipelineModel(0).initial;
  let now = 0;
  for (let count = 0; count < operations; count++) {
    subject.asked++;
    now += random.chance(0.05) ? random.int(0, 1500) : random.next();
    const request = nextRequest(random, subject, `0.${count}`);
    const done = carryOut(random, state, { client: random.int(0, 9), request }, now);
    state = done.next;
    subject.versions = [state.version];
    subject.fences = [state.fence];
    subject.history.push(done.operation);
  }
  return subject.history;
}

/** What is done at one moment was asked before and is answered after it; or it is not answered, done or not. */
function carryOut(
  random: Random,
  state: Pipeline,
  asked: { client: number; request: Request },
  now: number,
): { operation: Operation; next: Pipeline } {
  const span = { invoked: now - 3 * random.next(), returned: now + 3 * random.next() };
  const { answer, next } = random.pick(outcomesOf(state, { ...asked, ...span }, 0));
  if (random.chance(0.9)) return { operation: { ...asked, ...span, answer }, next };
  const operation = { ...asked, ...span, answer: null, returned: Number.POSITIVE_INFINITY };
  return { operation, next: random.chance(0.5) ? next : state };
}
