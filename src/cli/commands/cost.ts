import { ASSUMED, DEFAULTS, type Load } from "../../cost/load.ts";
import {
  type Bill,
  millionCheckpoints,
  monthlyBill,
  PLACES,
  type Place,
  WAYS,
  type Way,
} from "../../cost/model.ts";
import { SOURCES } from "../../cost/prices.ts";
import { type Command, readOptions, UsageError } from "../command.ts";
import { table } from "../table.ts";

const help = `Usage: cairn cost --pipelines N --checkpoints-per-hour N --state-bytes N [options]
       cairn cost --per-million --state-bytes N [options]

What Cairn costs a month on each backend, in US dollars, by the price lists and by what each operation takes of the
store; and what adaptive checkpoints and deltas save against a checkpoint of the whole state after every task.

  --pipelines             that run all the time
  --checkpoints-per-hour  of each, were there one after every task
  --state-bytes           of a state
  --per-million           what a million checkpoints cost instead, without what is there anyway
  --keep                  checkpoints that are kept of each pipeline; default: ${DEFAULTS.keep}
  --heartbeats-per-hour   of each pipeline; default: ${DEFAULTS.heartbeatsPerHour}, a third of cairn.run's lease of 60 s
  --failures-per-day      of each pipeline's machine; default: ${DEFAULTS.failuresPerDay}
  --adaptive-share        checkpoints of those that every task would make; default: ${DEFAULTS.adaptiveShare}, measured
  --whole-share           a whole frame's bytes of the state's; default: ${DEFAULTS.wholeShare}, measured
  --delta-share           a delta's bytes of the state's; default: ${DEFAULTS.deltaShare}, measured
  --instances             processes that serve at once; default: ${DEFAULTS.instances}, assumed
  --lambda-ms             of a call on Lambda; default: ${DEFAULTS.lambdaMs}, assumed
  --neon-compute-units    on average; default: ${DEFAULTS.neonComputeUnits}, Neon's smallest
  --json                  print every item of every bill, and where the prices are from`;

/** What must be said, of a month. */
const ASKED = ["pipelines", "checkpointsPerHour", "stateBytes"] as const satisfies (keyof Load)[];
const KEYS: readonly (keyof Load)[] = [...ASKED, ...(Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[])];

const NAMES: Readonly<Record<Place, string>> = {
  r2: "Workers, R2",
  s3: "Lambda, S3",
  dynamodb: "Lambda, DynamoDB",
  neon: "Workers, Neon",
  upstash: "Workers, Upstash",
};
const [WHOLE, DELTAS, ADAPTIVE] = Object.keys(WAYS) as [Way, Way, Way];

async function run(words: string[]): Promise<string> {
  const text = Object.fromEntries(KEYS.map((key) => [optionOf(key), { type: "string" }] as const));
  const flags = {
    json: { type: "boolean", default: false },
    "per-million": { type: "boolean", default: false },
  } as const;
  const { json, "per-million": perMillion, ...given } = readOptions(words, { ...text, ...flags });
  const load = readLoad(given as Record<string, string>, perMillion === true);
  const bill = perMillion ? millionCheckpoints : monthlyBill;
  const bills = (Object.keys(PLACES) as Place[]).map((place) => {
    const ways = perMillion ? [WHOLE, DELTAS] : [WHOLE, DELTAS, ADAPTIVE];
    return { place, bills: Object.fromEntries(ways.map((way) => [way, bill(place, load, way)])) };
  });
  if (json) return JSON.stringify({ load, assumed: ASSUMED, sources: SOURCES, bills });
  return perMillion ? perMillionText(load, bills) : monthText(load, bills);
}

/** `stateBytes` is said by `--state-bytes`. */
function optionOf(key: keyof Load): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws UsageError */
function readLoad(given: Readonly<Record<string, string>>, perMillion: boolean): Load {
  const load: Load = { pipelines: 0, checkpointsPerHour: 0, stateBytes: 0, ...DEFAULTS };
  for (const key of KEYS) {
    const [name, text] = [optionOf(key), given[optionOf(key)]];
    if (text !== undefined) load[key] = readNumber(name, text);
  }
  for (const key of ASKED) {
    const isSaid = given[optionOf(key)] !== undefined;
    const isWanted = !perMillion || key === "stateBytes";
    if (isSaid !== isWanted)
      throw new UsageError(`--${optionOf(key)} is ${isWanted ? "needed" : "nothing to --per-million"}.`);
  }
  return load;
}

function readNumber(name: string, text: string): number {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(number) || number < 0)
    throw new UsageError(`--${name} is a number, and none below 0: not "${text}".`);
  if (name.endsWith("-share") && number > 1) throw new UsageError(`--${name} is a share: from 0 to 1.`);
  return number;
}

type Bills = { place: Place; bills: Record<string, Bill> }[];

function perMillionText(load: Load, bills: Bills): string {
  const rows = bills.map(({ place, bills: { [WHOLE]: whole, [DELTAS]: deltas } }) => [
    NAMES[place],
    dollars(whole!.dollars),
    dollars(deltas!.dollars),
    itemsOf(deltas!),
  ]);
  const title = `A million checkpoints of a state of ${count(load.stateBytes)} bytes, US dollars`;
  return `${title}\n\n${table(["", "whole state", "deltas", "of deltas"], rows)}\n\n${notes(load)}`;
}

function monthText(load: Load, bills: Bills): string {
  const { pipelines, checkpointsPerHour, stateBytes } = load;
  const rows = bills.map(({ place, bills: by }) => {
    const [whole, deltas, adaptive] = [WHOLE, DELTAS, ADAPTIVE].map((way) => by[way]!.dollars) as [
      number,
      number,
      number,
    ];
    const saved = whole > 0 ? `${Math.round(100 * (1 - adaptive / whole))} %` : "-";
    return [NAMES[place], dollars(whole), dollars(deltas), dollars(adaptive), saved];
  });
  const items = bills.map(({ place, bills: by }) => [NAMES[place], itemsOf(by[ADAPTIVE]!)]);
  const title = `${count(pipelines)} pipelines, ${count(checkpointsPerHour)} tasks an hour each, states of ${count(stateBytes)} bytes: US dollars a month`;
  return [
    title,
    table(["", WHOLE, DELTAS, ADAPTIVE, "saved"], rows),
    table(["", `of ${ADAPTIVE}`], items),
    notes(load),
  ].join("\n\n");
}

function itemsOf({ items }: Bill): string {
  return items
    .filter(({ dollars }) => dollars >= 0.005)
    .map(({ what, dollars: each }) => `${what} ${dollars(each)}`)
    .join(", ");
}

function dollars(amount: number): string {
  return amount.toFixed(2);
}

function count(amount: number): string {
  return amount.toLocaleString("en-US");
}

function notes(load: Load): string {
  const lists = Object.entries(SOURCES).map(([name, { asOf }]) => `${name} ${asOf ?? "undated"}`);
  return [
    `Prices as of: ${lists.join(", ")}; AWS in us-east-1.`,
    `Assumed: ${ASSUMED.map((key) => `${optionOf(key)} ${load[key]}`).join(", ")}.`,
    "Not counted: taxes, AWS's data transfer out, logs and alarms, DynamoDB's point-in-time recovery, Neon's history.",
  ].join("\n");
}

export const costCommand: Command = { help, run };
