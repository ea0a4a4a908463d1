import { random } from "../simulation/random.ts";
import type { BugName } from "./bugs.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { exchange, keptAlive } from "./exchange.ts";
import { type Judgement, judge } from "./judge.ts";
import type { Operation, Request } from "./operations.ts";
import { learn, makeSubjects, nextRequest, type Subject, type Subjects } from "./pipelines.ts";
import { ask } from "./recorder.ts";
import { type SharedStore, STORES } from "./stores.ts";
import { CALM, type Damage, FROM_CLIENTS, lossy, storm, TO_STORE } from "./weather.ts";

export interface TrialOptions {
  store: string;
  seconds: number;
  /** It goes on until there is so much to judge, however slow the machine is. @default 0 */
  operations?: number;
  /** What is wrong with the services. @default nothing */
  planted?: BugName;
}

export interface Trial extends Damage, Judgement {
  pipelines: number;
  operations: number;
  /** Answered, of these. */
  answered: number;
  /** Never answered: done at any time since, or never. */
  unknown: number;
  /** Sent again with the same key. */
  resends: number;
}

const CLIENTS = 10;
const SERVICES = 2;
const TIMEOUT_MS = 700;
const SENDS = 5;

/**
 * Ten clients ask two service processes over one store for reads, saves, compare-and-sets and leases, while
 * processes are killed and stopped, answers are lost, and the store is restarted. Then the history is judged.
 */
export async function runTrial(options: TrialOptions): Promise<Trial> {
  const store = await STORES[options.store]!();
  try {
    const cluster = await startCluster({ place: store.place, planted: options.planted ?? null }, SERVICES);
    try {
      return await play(store, cluster, options);
    } finally {
      await cluster.stop();
    }
  } finally {
    await store.stop();
  }
}

async function play(
  store: SharedStore,
  cluster: Cluster,
  { seconds, operations = 0 }: TrialOptions,
): Promise<Trial> {
  const dice = random(Math.floor(Math.random() * 2 ** 32));
  const subjects = makeSubjects(dice);
  const end = performance.now() + seconds * 1000;
  const goesOn = () => performance.now() < end || subjects.answered() < operations;
  cluster.weather(lossy(dice, FROM_CLIENTS));
  for (const line of store.lines) Object.assign(line, lossy(dice, TO_STORE));
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number, subjects, cluster, goesOn));
  const [damage, ...sentAgain] = await Promise.all([storm(dice, cluster, store, goesOn), ...clients]);
  const resends = sentAgain.reduce((sum, each) => sum + each, 0);
  cluster.weather(CALM);
  for (const line of store.lines) Object.assign(line, CALM);
  await readAll(subjects.all, cluster);
  const history = subjects.all.flatMap((subject) => subject.history);
  const unknown = history.filter(({ answer }) => answer === null).length;
  const counts = { operations: history.length, answered: history.length - unknown, unknown, resends };
  return { ...damage, pipelines: subjects.all.length, ...counts, ...judge(subjects.all, store.slackSeconds) };
}

/** Resolves with how many requests it sent again. */
async function client(
  number: number,
  { pick }: Subjects,
  cluster: Cluster,
  goesOn: () => boolean,
): Promise<number> {
  const dice = random(number + Math.floor(Math.random() * 2 ** 32));
  const agent = keptAlive();
  let resends = 0;
  for (let count = 0; goesOn(); count++) {
    const subject = pick();
    const request = nextRequest(dice, subject, `${number}.${count}`);
    const again = async (sends: number) => {
      await new Promise((resolve) => setTimeout(resolve, dice.int(0, 30 * sends)));
      return sends < SENDS && dice.chance(0.85);
    };
    const port = () => cluster.portOf(dice.int(0, SERVICES - 1));
    const key = `${number}.${count}`;
    const send = () => exchange(agent, port(), subject.id, request, key, TIMEOUT_MS);
    resends += record(subject, await ask(number, request, send, again));
  }
  agent.destroy();
  return resends;
}

function record(subject: Subject, { operations, answer, sends }: Awaited<ReturnType<typeof ask>>): number {
  subject.history.push(...operations);
  if (answer) learn(subject, answer);
  return sends - 1;
}

/** What is there in the end. */
async function readAll(subjects: readonly Subject[], cluster: Cluster): Promise<void> {
  const agent = keptAlive();
  const request: Request = { verb: "read" };
  for (const [index, subject] of subjects.entries()) {
    const send = () => exchange(agent, cluster.portOf(index % SERVICES), subject.id, request, "", 10_000);
    const again = async (sends: number) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return sends < 20;
    };
    const { answer, operations } = await ask(CLIENTS, request, send, again);
    if (answer === null) throw new Error(`${subject.id} cannot be read`);
    subject.history.push(...(operations as Operation[]));
  }
  agent.destroy();
}
