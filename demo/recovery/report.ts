import { seconds, table } from "../text.ts";
import type { Call } from "./owner.ts";
import type { Patient } from "./patient.ts";

/** Everything that is known when all is over. */
export interface Course {
  patients: readonly Patient[];
  /** Messages that came through, with the right signature. */
  calls: Call[];
  /** Types of events by pipeline, oldest first. */
  events: Map<string, string[]>;
  sweeps: number;
  /** Deliveries that failed. */
  triesWhileDown: number;
}

/** Says how it went; exit code 1 when it did not go well. */
export function conclude(course: Course): void {
  console.log(`${recoveries(course)}\n`);
  console.log(
    `${course.sweeps} sweeps, ${course.calls.length} messages delivered, each with a valid signature.`,
  );
  const problems = problemsOf(course);
  if (problems.length === 0) return;
  console.error(`demo: FAILED: ${problems.join("; ")}.`);
  process.exit(1);
}

function recoveries({ patients, calls, triesWhileDown }: Course): string {
  const rows = patients.map((patient) => {
    const { id, strike, saved, resumedWith, struckAt, completedAt } = patient;
    const call = calls.find(({ pipelineId }) => pipelineId === id);
    const how =
      id === "deaf" ? `webhook, after ${triesWhileDown} tries that failed` : "webhook, at the first try";
    const lost = resumedWith === null ? "" : `task ${resumedWith} of ${saved} saved`;
    const [woken, done] = [call?.at ?? 0, completedAt ?? 0].map((at) => seconds(at - struckAt));
    return [id, strike, how, woken!, lost, done!];
  });
  return table("lllrlr", [
    ["pipeline", "struck by", "woken by", "after", "went on from", "at its end after"],
    ...rows,
  ]);
}

/** What is wrong: nothing, if Cairn keeps its word. */
function problemsOf({ patients, calls, events, triesWhileDown }: Course): string[] {
  const of = (id: string, type: string) => events.get(id)!.filter((each) => each === type).length;
  const ids = (id: string) =>
    new Set(calls.filter((call) => call.pipelineId === id).map((call) => call.messageId));
  const checks = patients.flatMap(({ id, saved, resumedWith }): [boolean, string][] => [
    [of(id, "completed") === 1, `${id} was not completed once`],
    [of(id, "interrupted") === 1, `${id} was interrupted ${of(id, "interrupted")} times`],
    [ids(id).size === 1, `${id} was told by ${ids(id).size} messages`],
    [resumedWith === saved - (id === "damaged" ? 1 : 0), `${id} went on from ${resumedWith} of ${saved}`],
  ]);
  checks.push([of("damaged", "quarantined") > 0, "the damage was not found"]);
  checks.push([triesWhileDown > 0, "the endpoint that was down was not tried"]);
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}
