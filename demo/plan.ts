/** What is hit, and the moment: so many milliseconds after a process begins a task, its save, or its work. */
export interface Strike {
  target: "pipeline" | "service";
  moment: "task" | "save" | "resume";
  /** Place of the task, from 0; for `resume`, any. */
  task: number;
  delayMs: number;
}

export interface PlanOptions {
  seed: number;
  /** How many tasks there are. */
  tasks: number;
  /** How long one lasts, milliseconds. */
  paceMs: number;
}

/** How long it takes until a save has landed, about, and the time a successor has for itself, milliseconds. */
const spanMs = { save: 16, resume: 80 };

/**
 * Six strikes, spread over the run: five at the pipeline (two in tasks, two in saves, one at a successor that
 * has only just resumed) and one at the service. The same seed gives the same ones.
 */
export function planStrikes({ seed, tasks, paceMs }: PlanOptions): Strike[] {
  const random = mulberry32(seed);
  const below = (n: number) => Math.floor(random() * n);
  const spans = { task: paceMs, ...spanMs };
  const delay = (moment: Strike["moment"]) => below(spans[moment]);

  const moments = shuffle(["task", "task", "save", "save"] as const, below);
  const service = below(5);
  // The last part of each fifth stays free: two strikes never meet.
  const fifth = (tasks - 3) / 5;
  const strikes = Array.from({ length: 5 }, (_, index): Strike => {
    const target = index === service ? "service" : "pipeline";
    const moment = target === "pipeline" ? moments.pop()! : (["task", "save"] as const)[below(2)]!;
    const task = 1 + Math.floor(index * fifth) + below(Math.ceil(fifth - 2));
    return { target, moment, task, delayMs: delay(moment) };
  });
  const kills = strikes.filter(({ target }) => target === "pipeline");
  const before = kills[below(kills.length)]!;
  const again: Strike = { target: "pipeline", moment: "resume", task: before.task, delayMs: delay("resume") };
  return strikes.toSpliced(strikes.indexOf(before) + 1, 0, again);
}

/** Fisher and Yates. */
function shuffle<T>(items: readonly T[], below: (n: number) => number): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}

/** A small generator of numbers from 0 up to 1, the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
