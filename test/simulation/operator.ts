import type { PipelineKey } from "../../src/model/ids.ts";
import { firstDocument } from "./contents.ts";
import { exchange } from "./exchange.ts";
import { textOf } from "./intents.ts";
import { startClient, takeOver } from "./owner.ts";
import type { Run } from "./run.ts";
import { Session } from "./session.ts";

/** Somebody who does one thing to a pipeline from outside, with force or without. */
export function startOperator(run: Run, key: PipelineKey, delay: number): void {
  startClient(run, "a", delay, async (actor) => {
    await act(new Session(run, key, actor));
  });
}

async function act(session: Session): Promise<unknown> {
  const { run, key } = session;
  const { random } = run.world;
  const force = random.chance(0.5) ? { force: true } : {};
  switch (random.int(0, 13)) {
    case 0:
      return session.write({ verb: "rollback", method: "POST", path: "/rollback", body: force });
    case 1:
      return session.write({ verb: "recover", method: "POST", path: "/recover", body: force });
    case 2: {
      const query = random.chance(0.5) ? "?force=true" : "";
      const gone = await session.write({ verb: "delete", method: "DELETE", path: query });
      if (!gone.ok || random.chance(0.3)) return;
      await run.world.sleep(random.int(0, 60));
      return session.save(firstDocument(key.tenant, key.pipelineId, random), false, { "If-None-Match": "*" });
    }
    case 3:
      return session.write({
        verb: "finish",
        method: "PATCH",
        path: "",
        body: { status: "cancelled", ...force },
      });
    case 4:
    case 5:
      return exchange(run, { verb: "prune", key, method: "POST", path: "/prune" });
    case 6:
      return session.read("list", "/v1/pipelines");
    case 7:
      return deleteOne(session);
    case 8:
      return readOne(session);
    case 9:
      return recoverPart(session, force);
    case 10:
      return backTo(session, force);
    case 11:
      return fork(session);
    case 12:
      return exchange(run, { verb: "sweep", key, method: "POST", path: "/v1/sweep" });
    default:
      return session.read("events", "/events");
  }
}

/** Some of a checkpoint into the state as it is. */
async function recoverPart(session: Session, force: object): Promise<unknown> {
  const checkpointId = someCheckpoint(session);
  const from = checkpointId && session.run.recorder.line(session.key).checkpoints.get(checkpointId)?.bytes;
  if (!from || !("rows" in JSON.parse(textOf(from)))) return;
  const body = { checkpointId, select: ["/rows"], ...force };
  const intent = { kind: "part" as const, name: "rows", from };
  return session.write({ verb: "recover", method: "POST", path: "/recover", body, intent });
}

async function backTo(session: Session, force: object): Promise<unknown> {
  const checkpointId = someCheckpoint(session);
  const body = { ...(checkpointId ? { checkpointId } : { steps: 2 }), ...force };
  return session.write({ verb: "rollback", method: "POST", path: "/rollback", body });
}

/** The copy is a pipeline of its own from then on, and others work on it. */
async function fork({ run, key, actor }: Session): Promise<unknown> {
  const into = { tenant: key.tenant, pipelineId: `${key.pipelineId}-${actor.name}` };
  const path = `/v1/pipelines/${key.pipelineId}/fork`;
  const body = { pipelineId: into.pipelineId };
  const copy = new Session(run, into, actor);
  const forked = await copy.write({ verb: "fork", source: key, method: "POST", path, body });
  if (forked.ok) takeOver(run, into, 1000);
  return forked;
}

/** A checkpoint that is there, as far as is known from outside. */
function someCheckpoint({ run, key }: Session): string | undefined {
  const ids = [...run.recorder.line(key).checkpoints.keys()];
  return ids.length > 0 ? run.world.random.pick(ids) : undefined;
}

async function deleteOne(session: Session): Promise<unknown> {
  const id = someCheckpoint(session);
  return id && session.write({ verb: "deleteCheckpoint", method: "DELETE", path: `/checkpoints/${id}` });
}

async function readOne(session: Session): Promise<unknown> {
  const id = someCheckpoint(session);
  if (!id) return;
  await exchange(session.run, {
    verb: "verify",
    key: session.key,
    method: "POST",
    path: `/checkpoints/${id}/verify`,
  });
  return session.read("readCheckpoint", `/checkpoints/${id}/state`);
}
