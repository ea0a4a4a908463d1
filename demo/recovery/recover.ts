import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanUpAtExit, temporaryFolder } from "../children.ts";
import { startService } from "../service.ts";
import { damageNewestFrame } from "./damage.ts";
import { type Call, endpoint } from "./owner.ts";
import { ALL_TASKS, goOn, type Patient, type Place, patient, strikeAfter } from "./patient.ts";
import { type Course, conclude } from "./report.ts";

const STRUCK_AFTER = 14;
/** Deliveries that find the third owner's endpoint down, before it is opened. */
const TRIES_DOWN = 1;
const PATIENCE_MS = 300_000;

/** `npm run demo -- --recover`: three pipelines die, each in its own way; the sweep brings all to their end. */
export async function recoverThree(): Promise<void> {
  cleanUpAtExit();
  const secret = `whsec_${randomBytes(24).toString("base64")}`;
  const folder = join(temporaryFolder(), "data");
  const patients = [
    patient("killed", "SIGKILL"),
    patient("damaged", "SIGKILL, newest checkpoint damaged on disk"),
    patient("deaf", "SIGKILL, its wake endpoint down"),
  ];
  const course: Course = { patients, calls: [], events: new Map(), sweeps: 0, triesWhileDown: 0 };
  let onCall: (call: Call) => void = () => {};
  const [up, down] = await Promise.all([1, 2].map(() => endpoint(secret, (call) => onCall(call))));
  await up!.open();
  const settings = { CAIRN_WEBHOOK_SECRETS: secret, CAIRN_WEBHOOK_ALLOW: `${up!.origin},${down!.origin}` };
  let service = await startService(folder, 0, settings);
  const place: Place = { url: service.url, folder };
  console.log(`Cairn runs on ${service.url}. Three pipelines of ${ALL_TASKS} tasks begin.`);
  for (const { id } of patients) await register(place, id, (id === "deaf" ? down! : up!).origin);
  await Promise.all(patients.map((each) => strikeAfter(each, STRUCK_AFTER, place)));
  await service.stop();
  damageNewestFrame(folder, "damaged");
  console.log("All three are killed, and one bit of the second's newest checkpoint is flipped on disk.\n");
  service = await startService(folder, Number(new URL(place.url).port), settings);
  onCall = (call) => {
    const before = course.calls.some(({ pipelineId }) => pipelineId === call.pipelineId);
    course.calls.push(call);
    const woken = patients.find(({ id }) => id === call.pipelineId);
    if (woken && !before) goOn(woken, "second", place);
  };
  await sweepUntilDone(place, course, down!.open);
  for (const { id } of patients) course.events.set(id, await eventsOf(place, id));
  await Promise.all([up!.close(), down!.close(), service.stop()]);
  conclude(course);
}

/** As the scheduled function would, only more often. The third owner comes back after some tries. */
async function sweepUntilDone(place: Place, course: Course, openDoor: () => Promise<void>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  const done = ({ completedAt }: Patient) => completedAt !== null;
  for (let opened = false; !course.patients.every(done); await sleep(500)) {
    if (Date.now() > end) throw new Error("Not all came to their end in time.");
    const { delayed } = await post(place, "/v1/sweep");
    course.sweeps += 1;
    course.triesWhileDown += delayed;
    if (opened || course.triesWhileDown < TRIES_DOWN) continue;
    await openDoor();
    opened = true;
  }
}

async function register({ url }: Place, id: string, origin: string): Promise<void> {
  const recovery = { webhookUrl: `${origin}/wake`, backoffSeconds: 1, maxAttempts: 20 };
  const body = JSON.stringify({ kind: "demo", policy: { strategy: "always" }, recovery });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${url}/v1/pipelines/${id}`, { method: "PUT", headers, body });
  if (!answer.ok) throw new Error(`PUT ${id}: ${answer.status} ${await answer.text()}`);
}

async function post({ url }: Place, path: string): Promise<{ delayed: number }> {
  const answer = await fetch(url + path, { method: "POST" });
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { delayed: number };
}

async function eventsOf({ url }: Place, id: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/pipelines/${id}/events?limit=500`);
  const { data } = (await answer.json()) as { data: { type: string }[] };
  return data.map(({ type }) => type).reverse();
}
