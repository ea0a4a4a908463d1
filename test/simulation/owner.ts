import type { PipelineKey } from "../../src/model/ids.ts";
import { firstDocument } from "./contents.ts";
import { exchange, type Outcome } from "./exchange.ts";
import { textOf } from "./intents.ts";
import type { Run } from "./run.ts";
import { Session } from "./session.ts";
import { type Actor, newActor } from "./world.ts";

/** Starts a client of the service, after so many milliseconds. */
export function startClient(
  run: Run,
  prefix: string,
  delay: number,
  script: (actor: Actor) => Promise<void>,
): void {
  const actor = newActor(`${prefix}${run.clients.length + 1}`);
  run.clients.push(actor);
  run.world.start(actor, run.world.now + delay, () => script(actor));
}

/** A worker that brings a pipeline into being and runs it, with a lease or without. */
export function startOwner(run: Run, key: PipelineKey, delay: number): void {
  startClient(run, "o", delay, async (actor) => {
    const { random } = run.world;
    const session = new Session(run, key, actor);
    if (random.chance(0.7)) await register(session);
    if (random.chance(0.5)) await session.save(firstDocument(key.tenant, key.pipelineId, random), false);
    const leased = random.chance(0.75);
    if (leased && !(await hold(session))) return;
    await work(session, random.int(2, 9));
  });
}

/** What a message about an interruption, or an operator, starts: somebody who goes on. */
export function takeOver(run: Run, { tenant, pipelineId }: PipelineKey, delay: number): void {
  startClient(run, "r", delay, async (actor) => {
    const session = new Session(run, { tenant, pipelineId }, actor);
    if (await hold(session, true)) await work(session, run.world.random.int(1, 5));
  });
}

/** A worker that asks for what was interrupted. */
export function startPoller(run: Run, tenant: string, delay: number): void {
  startClient(run, "c", delay, async (actor) => {
    const { world } = run;
    for (let asked = 1; asked <= 3; asked++) {
      // A name of its own for each call: who takes a lease again by name has it at once.
      const owner = `${actor.name}-${asked}`;
      const body = { owner, ttlSeconds: world.random.int(5, 40), limit: world.random.int(1, 2) };
      const key = { tenant, pipelineId: "" };
      const claimed = await exchange(run, { verb: "claim", key, method: "POST", path: "/v1/claims", body });
      if (claimed.ok) await workOn(run, actor, tenant, claimed.bytes);
      await world.sleep(world.random.int(20, 120));
    }
  });
}

async function workOn(run: Run, actor: Actor, tenant: string, answer: Uint8Array): Promise<void> {
  const { data } = JSON.parse(textOf(answer)) as { data: { pipelineId: string; fence: number }[] };
  for (const { pipelineId, fence } of data) {
    const session = new Session(run, { tenant, pipelineId }, actor, `${pipelineId}-f${fence}`);
    session.fence = fence;
    const read = await session.reload();
    if (read.ok || read.status === 404) await work(session, run.world.random.int(1, 4));
  }
}

async function register(session: Session): Promise<void> {
  const { random } = session.run.world;
  const some = (share: number, settings: object) => (random.chance(share) ? settings : {});
  const recovery = {
    ...some(0.6, { webhookUrl: "https://hooks.example.com/wake" }),
    ...some(0.3, { silenceSeconds: random.int(60, 240) }),
    ...some(0.4, { maxAttempts: random.int(1, 3) }),
    ...some(0.5, { backoffSeconds: random.int(1, 60) }),
  };
  const retention = { keepLast: random.int(1, 3) };
  const policy = { strategy: random.pick(["always", "time", "adaptive", "never"]) };
  const body = { recovery, ...some(0.7, { retention }), ...some(0.5, { policy }) };
  const fence = session.fence;
  await session.write({ verb: "register", method: "PUT", path: "", body, fence });
}

/** Takes the lease, waiting for another's to end. */
async function hold(session: Session, resumes = false): Promise<boolean> {
  const { world } = session.run;
  for (let tries = 0; tries < 3; tries++) {
    const taken = await session.take(world.random.int(4, 60), resumes || world.random.chance(0.5));
    if (taken.ok) return true;
    if (taken.status === 404) {
      const made = await session.save(
        firstDocument(session.key.tenant, session.key.pipelineId, world.random),
        false,
      );
      if (!made.ok) return false;
    } else if (taken.code !== "lease_held" && taken.status !== 503 && taken.status !== 0) return false;
    await world.sleep(world.random.int(5, 60));
  }
  return false;
}

/** Step after step, until it is done, is fenced out, or dies. */
async function work(session: Session, steps: number): Promise<void> {
  const { world } = session.run;
  for (let step = 0; step < steps; step++) {
    const done = await doStep(session);
    if (!done.ok && (await goesWrong(session, done))) return;
    await world.sleep(
      world.random.chance(0.15) ? world.random.int(10, 90) : world.random.int(0, 4000) / 1000,
    );
  }
  const end = world.random.next();
  // Some are killed at the end of it, with the lease.
  if (end < 0.4) await session.finish("completed");
  else if (end < 0.5) await session.finish("failed");
  else if (end < 0.65 && session.fence !== undefined) await session.release();
}

async function doStep(session: Session): Promise<Outcome> {
  const { random } = session.run.world;
  const kind = random.next();
  const empty = session.bytes.length === 0;
  if (empty) return session.save(firstDocument(session.key.tenant, session.key.pipelineId, random), false);
  if (kind < 0.4) return session.save(session.next(), random.chance(0.6));
  if (kind < 0.55) return session.saveDelta(session.next());
  if (kind < 0.6) return session.merge(session.next());
  if (kind < 0.7) return session.patch(random.chance(0.5));
  if (kind < 0.8) return session.checkpoint(random.chance(0.25));
  if (kind < 0.92 && session.fence !== undefined) return session.heartbeat();
  return session.reload();
}

/** Whether there is nothing more to do. */
async function goesWrong(
  session: Session,
  { status, code }: { status: number; code: string },
): Promise<boolean> {
  const { world } = session.run;
  if (code === "fence_lost" && world.random.chance(0.5)) return true;
  if (code === "lease_held" && session.fence === undefined) return !(await hold(session));
  if (status === 412 || status === 503 || status === 0 || code === "merge_conflict") {
    const read = await session.reload();
    return !read.ok && read.status !== 0 && read.status !== 503;
  }
  if (code === "unrecoverable" || code === "fence_lost") return !(await hold(session, true));
  return status === 404 || status === 410 || status === 422 || code === "unsupported_format";
}
