import { FINISHED } from "../../src/model/finished.ts";
import { type Line, nameOf } from "./line.ts";
import { startClient } from "./owner.ts";
import { isLive } from "./rules.ts";
import type { Run } from "./run.ts";
import { Session } from "./session.ts";
import { calm } from "./weather.ts";

/** Longer than any lease, and than any message of the store is on its way. */
const QUIET_SECONDS = 600;

/**
 * All faults end. Then all that was interrupted must be found, and every pipeline must be in order: it can be resumed,
 * saved and read, and everything the store keeps is what was written.
 */
export async function settle(run: Run): Promise<void> {
  const { world, recorder, cluster, receiver } = run;
  run.weather = calm(run.weather);
  run.sweepCalls = 1000;
  receiver.calm = true;
  cluster.heal();
  for (const client of run.clients) client.alive = false;
  await world.run(world.now + QUIET_SECONDS * 1000);
  for (const line of recorder.lines.values()) checkFound(run, line);
  for (const line of recorder.lines.values())
    startClient(run, "z", 0, (actor) => goOn(run, new Session(run, line.key, actor), line));
  await world.run(world.now + 60_000);
  for (const line of recorder.lines.values()) await checkStored(run, line);
}

/** Nobody is left alone with a lease that ran out. */
function checkFound({ world }: Run, { key, head }: Line): void {
  if (!head || head.deleted || head.status !== "running" || !head.lease) return;
  if (!isLive(head.lease, world.now))
    world.violate(8, `${nameOf(key)}: its lease ran out, and nobody noticed`);
}

/** Resumes, reads, saves and completes: whatever happened before must not be in the way. */
async function goOn(run: Run, session: Session, line: Line): Promise<void> {
  const { head } = line;
  const unreadable = line.later || line.damaged.size > 0;
  if (!head || head.deleted || FINISHED.includes(head.status)) return;
  const taken = await session.take(60, true);
  const saved = taken.ok && session.bytes.length > 0 ? await session.save(session.next(), true) : taken;
  const done = saved.ok ? await session.finish("completed") : saved;
  if (!done.ok && !unreadable)
    run.world.violate(1, `${nameOf(line.key)} cannot go on: ${done.status} ${done.code}`);
}

/** The head is the last one written, and every kept checkpoint can be read, whole. */
async function checkStored(run: Run, line: Line): Promise<void> {
  const { world, recorder } = run;
  await recorder.compare(line);
  const records = await recorder.records(line.key);
  const missing = await recorder.missing(line, records);
  if (missing) world.violate(9, `${nameOf(line.key)}: ${missing}`);
  if (!line.head || line.head.deleted) return;
  startClient(run, "y", 0, async (actor) => {
    const session = new Session(run, line.key, actor);
    await session.read();
    for (const { checkpointId } of records)
      await session.read("readCheckpoint", `/checkpoints/${checkpointId}/state`);
  });
  await world.run(world.now + 60_000);
}
