import { countRepeats, type Loss, lossOf, sumOfStates } from "./account.ts";
import type { Entry } from "./journal.ts";
import type { Course } from "./run.ts";
import { tasks } from "./stages.ts";
import { megabytes, seconds, table } from "./text.ts";

/** Everything that is known when the run is over. */
export interface Findings {
  /** Epoch milliseconds. */
  startedAt: number;
  endedAt: number;
  course: Course;
  journal: Entry[];
  /** Of the pipeline, as the service shows it. */
  versions: number;
  checkpoints: number;
  stored: { objects: number; index: number };
  /** The final states: of this run, and of one that nobody disturbed. */
  result: Buffer;
  expected: Buffer;
}

/** What is wrong with a run: nothing, if Cairn keeps its word. */
export function problemsOf({ course, journal, versions, result, expected }: Findings): string[] {
  const repeats = countRepeats(journal);
  const kills = course.kills.length;
  const checks: [boolean, string][] = [
    [result.equals(expected), "the result differs from that of the run that nobody disturbed"],
    [repeats <= kills, `${repeats} tasks ran twice, with only ${kills} kills`],
    [
      versions === tasks.length,
      `${versions} versions for ${tasks.length} tasks: a save is lost, or was applied twice`,
    ],
    [
      course.missed.length === 0,
      `${course.missed.length} strikes found nothing left to hit: the run was too short`,
    ],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** Each strike, and what it cost. */
export function strikesTable({ course, journal, startedAt }: Findings): string {
  const rows = [
    ...lossesOf(course, journal).map(({ at, worker, during, redoneMs, idleMs }) => ({
      at,
      cells: [worker, during, seconds(redoneMs, 2), seconds(idleMs, 2)],
    })),
    ...course.outages.map(({ at, endedAt }) => ({
      at,
      cells: ["the service", "its work, Node and workerd", "", seconds(endedAt - at, 2)],
    })),
  ].sort((a, b) => a.at - b.at);
  const head = ["after", "SIGKILL", "in the middle of", "done again", "until it went on"];
  return table("rllrr", [head, ...rows.map(({ at, cells }) => [seconds(at - startedAt), ...cells])]);
}

/** The figures of the whole run. */
export function figuresTable(findings: Findings): string {
  const { course, journal, versions, checkpoints, stored } = findings;
  const states = sumOfStates(journal);
  const bytes = stored.objects + stored.index;
  const share = `${((100 * bytes) / states).toFixed(0)} % of that`;
  return table("lrl", [
    ["kills", `${course.kills.length}`, `of the pipeline, and ${course.outages.length} of the service`],
    ["tasks", `${tasks.length}`, `in ${new Set(tasks.map(({ stage }) => stage)).size} stages`],
    ["tasks run twice", `${countRepeats(journal)}`, "at most one per kill is allowed"],
    ["versions", `${versions}`, "one per task: no save was lost, none applied twice"],
    ["checkpoints", `${checkpoints}`, "at the end of each stage, and every 5 s"],
    ["states saved", megabytes(states), "all sizes together"],
    [
      "bytes stored",
      megabytes(bytes),
      `${share}: objects ${megabytes(stored.objects)}, the emulator's index ${megabytes(stored.index)}`,
    ],
    timeLost(findings),
  ]);
}

function timeLost({ course, journal, startedAt, endedAt }: Findings): string[] {
  const losses = lossesOf(course, journal);
  const redone = sum(losses.map(({ redoneMs }) => redoneMs));
  const idle = sum(losses.map(({ idleMs }) => idleMs));
  const outage = sum(course.outages.map((each) => each.endedAt - each.at));
  const parts = `${seconds(redone)} of work done again, ${seconds(idle)} until leases ran out, ${seconds(outage)} without the service`;
  return ["time lost", seconds(redone + idle + outage), `of ${seconds(endedAt - startedAt)}: ${parts}`];
}

function lossesOf({ kills }: Course, journal: Entry[]): Loss[] {
  return kills.map((kill) => lossOf(kill, journal));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
