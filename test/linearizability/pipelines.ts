import type { Random } from "../simulation/random.ts";
import type { Answer, Operation, Request } from "./operations.ts";

/**
 * Asked so often, a pipeline is left, and another takes its place: its history stays small, and no write is
 * forgotten by its key, which the last 64 are known by.
 */
const OPERATIONS = 50;

/** How clients meet on a pipeline: often or seldom, so that leases run out; with leases or without. */
const PLACES = [
  { weight: 9, leases: false },
  { weight: 9, leases: false },
  { weight: 8, leases: true },
  { weight: 2, leases: true },
  { weight: 1, leases: true },
];
const OWNERS = ["a", "b", "c"];

/** A pipeline under test: its history, and what its clients tell one another of it. */
export interface Subject {
  id: string;
  leases: boolean;
  /** Requests begun. */
  asked: number;
  history: Operation[];
  versions: number[];
  fences: number[];
}

export interface Subjects {
  /** One that is in use. */
  pick(): Subject;
  /** All there ever were. */
  all: Subject[];
  /** Operations that were answered so far. */
  answered(): number;
}

export function makeSubjects(random: Random): Subjects {
  const all: Subject[] = [];
  const places = PLACES.flatMap(({ weight, leases }) => Array(weight).fill({ current: null, leases }));
  const used: { current: Subject | null; leases: boolean }[] = places;
  return {
    all,
    answered: () => all.flatMap(({ history }) => history).filter(({ answer }) => answer !== null).length,
    pick() {
      const place = random.pick(used);
      if (!place.current || place.current.asked >= OPERATIONS) {
        const { leases } = place;
        place.current = { id: `p${all.length}`, leases, asked: 0, history: [], versions: [], fences: [] };
        all.push(place.current);
      }
      place.current.asked++;
      return place.current;
    },
  };
}

/** What a client asks next, by what it and others have seen. */
export function nextRequest(random: Random, subject: Subject, value: string): Request {
  const held = known(random, subject.fences);
  const dice = random.next();
  if (!subject.leases || dice < 0.7) return readOrSave(random, subject, value, held);
  if (held === undefined || dice < 0.82)
    return { verb: "take", owner: random.pick(OWNERS), ttlSeconds: random.int(1, 2) };
  if (dice < 0.9) return { verb: "renew", fence: held, ttlSeconds: random.int(1, 2) };
  return { verb: "release", fence: held };
}

function readOrSave(
  random: Random,
  { asked, versions }: Subject,
  value: string,
  held: number | undefined,
): Request {
  if (random.chance(0.35) && asked > 1) return { verb: "read" };
  const fence = held === undefined || random.chance(0.2) ? {} : { fence: held };
  if (random.chance(asked < 5 ? 0.7 : 0.04)) return { verb: "save", value, over: "absent", ...fence };
  const over = known(random, versions);
  if (over === undefined || random.chance(0.35)) return { verb: "save", value, ...fence };
  return { verb: "save", value, over, ...fence };
}

/** Mostly the newest. */
function known(random: Random, list: readonly number[]): number | undefined {
  return random.chance(0.85) ? list.at(-1) : list.at(-2);
}

/** Remembers what an answer tells of a pipeline. */
export function learn({ versions, fences }: Subject, answer: Answer): void {
  if ("fence" in answer) keep(fences, answer.fence);
  if ("version" in answer && answer.version !== null) keep(versions, answer.version);
}

function keep(list: number[], value: number): void {
  if (value > (list.at(-1) ?? 0)) list.push(value);
}
