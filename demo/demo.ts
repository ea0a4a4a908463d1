import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cleanUpAtExit, temporaryFolder } from "./children.ts";
import { readJournal } from "./journal.ts";
import { planStrikes } from "./plan.ts";
import { showProgress } from "./progress.ts";
import { recoverThree } from "./recovery/recover.ts";
import { type Ground, type Job, runUnderFire, runUndisturbed } from "./run.ts";
import { startService, storedBytes } from "./service.ts";
import { type State, tasks } from "./stages.ts";
import { kilobytes } from "./text.ts";
import { type Findings, figuresTable, problemsOf, strikesTable } from "./verdict.ts";

/** What a task lasts at least, milliseconds: the work itself takes 1 to 20. */
const paceMs = 250;

/** `npm run demo`: a pipeline is killed five times and the service once, and its result is what it should be. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seed: { type: "string" }, recover: { type: "boolean" } } });
  if (values.recover) return recoverThree();
  const seed = readSeed(values.seed);
  cleanUpAtExit();
  const folder = temporaryFolder();
  const data = join(folder, "data");
  const ground: Ground = { folder: data, service: await startService(data, 0) };
  const { url } = ground.service;
  console.log(`Cairn runs on ${url}, its bucket in a temporary folder. Seed ${seed}.`);
  console.log(
    `A pipeline of ${tasks.length} tasks reads the docs of the installed packages, and saves after each.`,
  );
  console.log(`Each task is stretched to ${paceMs / 1000} s, so that there is something to watch.\n`);

  const job: Job = { url, id: "disturbed", journal: join(folder, "journal"), paceMs };
  const findings = await observe(job, seed, ground);
  await ground.service.stop();
  conclude(findings, seed);
}

async function observe(job: Job, seed: number, ground: Ground): Promise<Findings> {
  const { url, id, journal, paceMs } = job;
  const strikes = planStrikes({ seed, tasks: tasks.length, paceMs });
  const progress = showProgress(process.stdout);
  const startedAt = Date.now();
  const course = await runUnderFire(job, strikes, ground, progress).finally(progress.end);
  const endedAt = Date.now();
  const stored = storedBytes(ground.folder);
  const { version: versions, checkpointCount: checkpoints } = await fetchJson(`${url}/v1/pipelines/${id}`);
  const result = await fetchBytes(stateUrl(url, id));

  console.log("\nNow the same pipeline at full speed, undisturbed, to compare with.");
  const undisturbed = { url, id: "undisturbed", journal: `${journal}-undisturbed`, paceMs: 0 };
  await runUndisturbed(undisturbed);
  const expected = await fetchBytes(stateUrl(url, undisturbed.id));
  const entries = readJournal(journal);
  return { startedAt, endedAt, course, journal: entries, versions, checkpoints, stored, result, expected };
}

/** Says how it went; exit code 1 when it did not go well. */
function conclude(findings: Findings, seed: number): void {
  const { result } = findings;
  console.log(`\n${strikesTable(findings)}\n\n${figuresTable(findings)}\n`);
  const problems = problemsOf(findings);
  if (problems.length > 0) {
    console.error(`demo: FAILED: ${problems.join("; ")}. To see it again: npm run demo -- --seed ${seed}`);
    process.exit(1);
  }
  const digest = createHash("sha256").update(result).digest("hex").slice(0, 16);
  console.log(`The report it wrote:\n\n${excerpt(result)}\n`);
  console.log(
    `The result (${kilobytes(result.length)}, SHA-256 ${digest}…) is that of an undisturbed run, byte for byte.`,
  );
}

function excerpt(result: Buffer): string {
  const { report } = JSON.parse(result.toString()) as State;
  const lines = report.text.split("\n").slice(0, 6);
  return lines.map((line) => `  ${line}`).join("\n");
}

function stateUrl(url: string, id: string): string {
  return `${url}/v1/pipelines/${id}/state`;
}

async function fetchBytes(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`GET ${url} answered ${answer.status}: ${bytes}`);
  return bytes;
}

async function fetchJson(url: string) {
  return JSON.parse((await fetchBytes(url)).toString());
}

/** The word after `--seed`, or a new one. */
function readSeed(seed: string | undefined): number {
  const text = seed ?? String(1 + Math.floor(Math.random() * 999_999));
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--seed must be a whole number, not "${text}"`);
  return Number(text);
}

await main().catch((error: unknown) => {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
});
