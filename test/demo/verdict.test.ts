import { expect, test } from "vitest";
import { countRepeats, lossOf, sumOfStates } from "../../demo/account.ts";
import type { Entry } from "../../demo/journal.ts";
import { tasks } from "../../demo/stages.ts";
import { type Findings, figuresTable, problemsOf, strikesTable } from "../../demo/verdict.ts";

/** Three processes; the first is killed in a task, the second in a save that lands. */
const journal: Entry[] = [
  { at: 1000, worker: "worker-1", did: "resumed", done: 0 },
  { at: 1010, worker: "worker-1", did: "started", task: "collect/1" },
  { at: 1110, worker: "worker-1", did: "sends", task: "collect/1", bytes: 100 },
  { at: 1120, worker: "worker-1", did: "saved", task: "collect/1" },
  { at: 1130, worker: "worker-1", did: "started", task: "collect/2" },
  // Killed at 1200.
  { at: 1300, worker: "worker-2", did: "waits", seconds: 1 },
  { at: 2300, worker: "worker-2", did: "resumed", done: 1 },
  { at: 2310, worker: "worker-2", did: "started", task: "collect/2" },
  { at: 2410, worker: "worker-2", did: "sends", task: "collect/2", bytes: 250 },
  // Killed at 2420.
  { at: 3500, worker: "worker-3", did: "resumed", done: 2 },
  { at: 3510, worker: "worker-3", did: "started", task: "collect/3" },
  { at: 3610, worker: "worker-3", did: "sends", task: "collect/3", bytes: 400 },
];
const kills = [
  { worker: "worker-1", at: 1200 },
  { worker: "worker-2", at: 2420 },
];
const good: Findings = {
  startedAt: 900,
  endedAt: 5000,
  course: { kills, outages: [{ at: 3620, endedAt: 4620 }], missed: [] },
  journal,
  versions: tasks.length,
  checkpoints: 7,
  stored: { objects: 100, index: 50 },
  result: Buffer.from("{}"),
  expected: Buffer.from("{}"),
};

test("tasks begun again are counted, saves that landed are not", () => {
  expect(countRepeats(journal)).toBe(1);
  expect(lossOf(kills[0]!, journal)).toMatchObject({ during: "collect/2", redoneMs: 70, idleMs: 1100 });
  expect(lossOf(kills[1]!, journal)).toMatchObject({
    during: "the save of collect/2, which landed",
    redoneMs: 0,
    idleMs: 1080,
  });
});

test("a state counts once, however often it is sent", () => {
  expect(
    sumOfStates([...journal, { at: 3700, worker: "worker-4", did: "sends", task: "collect/3", bytes: 400 }]),
  ).toBe(750);
});

test.each([
  ["resumed", "its resume"],
  ["waits", "its start"],
] as const)("a kill right after it %s costs no work", (did, during) => {
  const short: Entry[] = [{ at: 10, worker: "worker-1", did }];
  const loss = lossOf({ worker: "worker-1", at: 20 }, short);
  expect(loss).toMatchObject({ during, redoneMs: 0, idleMs: 0 });
});

test("a good run has no problems; each thing that may be wrong with one is told", () => {
  expect(problemsOf(good)).toEqual([]);
  const [differs] = problemsOf({ ...good, expected: Buffer.from("{ }") });
  expect(differs).toContain("differs");
  const [twice] = problemsOf({ ...good, course: { ...good.course, kills: [] } });
  expect(twice).toContain("1 tasks ran twice, with only 0 kills");
  const [lost] = problemsOf({ ...good, versions: tasks.length + 1 });
  expect(lost).toContain("applied twice");
  const missed = [{ target: "pipeline", moment: "task", task: 1, delayMs: 0 }] as const;
  const [short] = problemsOf({ ...good, course: { ...good.course, missed: [...missed] } });
  expect(short).toContain("nothing left to hit");
});

test("the tables show strikes in their order, and the time they cost", () => {
  expect(strikesTable(good).split("\n")).toEqual([
    "after  SIGKILL      in the middle of                     done again  until it went on",
    "0.3 s  worker-1     collect/2                                0.07 s            1.10 s",
    "1.5 s  worker-2     the save of collect/2, which landed      0.00 s            1.08 s",
    "2.7 s  the service  its work, Node and workerd                                 1.00 s",
  ]);
  expect(figuresTable(good)).toContain(
    "3.3 s  of 4.1 s: 0.1 s of work done again, 2.2 s until leases ran out",
  );
});
