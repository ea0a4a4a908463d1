/** Two versions of a state: what a delta is made between. */
export interface Versions {
  base: Uint8Array;
  target: Uint8Array;
}

export type Random = (below: number) => number;

const text = new TextEncoder();

/** The bytes of a value's JSON. */
export function json(value: unknown): Uint8Array {
  return text.encode(JSON.stringify(value));
}

/** Whole numbers below a bound, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((((x ^ (x >>> 14)) >>> 0) * below) / 2 ** 32) | 0;
  };
}

export function noise(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

export interface Item {
  id: string;
  name: string;
  amount: number;
  status: string;
  updatedAt: string;
  tags: string[];
}

const statuses = ["pending", "running", "completed", "failed", "skipped"];
const words = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett"];

export function item(i: number, random: Random): Item {
  const word = () => words[random(words.length)]!;
  return {
    id: `rec-${i.toString(36)}-${random(1e9).toString(36)}`,
    name: `${word()} ${word()} ${random(1000)}`,
    amount: random(1e7) / 100,
    status: statuses[random(statuses.length)]!,
    updatedAt: time(random),
    tags: [word(), word(), word()],
  };
}

function time(random: Random): string {
  return new Date(1.7e12 + random(1e9)).toISOString();
}

export function items(count: number, random: Random): Item[] {
  return Array.from({ length: count }, (_, i) => item(i, random));
}

/** A JSON Patch operation (RFC 6902). */
export interface Operation {
  op: "replace";
  path: string;
  value: unknown;
}

/** Changes one, two or three fields of a share of the records, in place; returns the JSON Patch that does it. */
export function edit(records: Item[], share: number, random: Random, fields = 1): Operation[] {
  const patch: Operation[] = [];
  for (const [i, record] of records.entries()) {
    if (random(1e6) >= share * 1e6) continue;
    const changes: Partial<Item> = { amount: random(1e7) / 100 };
    if (fields > 1) changes.status = statuses[random(statuses.length)]!;
    if (fields > 2) changes.updatedAt = time(random);
    Object.assign(record, changes);
    for (const [field, value] of Object.entries(changes)) {
      patch.push({ op: "replace", path: `/records/${i}/${field}`, value });
    }
  }
  return patch;
}

/** The successive states of a pipeline of 100 tasks, each of which adds its results and changes its counters. */
export function* growingPipeline(random: Random, tasks = 100): Generator<Uint8Array> {
  const plan = Array.from({ length: tasks }, (_, i) => ({
    name: `task-${i}`,
    status: "pending",
    rows: 0,
    seconds: 0,
  }));
  const state = {
    pipeline: "nightly-etl",
    updatedAt: time(random),
    counters: { rows: 0, bytes: 0, errors: 0 },
    plan,
    inputs: items(4500, random),
    results: {} as Record<string, Item[]>,
    log: [] as string[],
  };
  for (const [i, task] of plan.entries()) {
    Object.assign(task, { status: "completed", rows: random(1e5), seconds: random(1e4) / 10 });
    state.updatedAt = time(random);
    state.counters.rows += task.rows;
    state.counters.bytes += random(1e8);
    state.results[task.name] = items(45, random);
    state.log.push(`${time(random)} ${task.name} completed after ${task.seconds} s with ${task.rows} rows`);
    const next = plan[i + 1];
    if (next) next.status = "running";
    yield json(state);
  }
}

export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
