import type { Health } from "../types.ts";
import type { Keys } from "./keys.ts";
import { probeScript } from "./lua/probe.ts";
import { list, type Reply, ReplyError, text } from "./reply.ts";
import type { Transport } from "./transport.ts";

const CONFIG = ["appendonly", "appendfsync", "maxmemory-policy"];

/**
 * Whether what is acknowledged stays: a primary alone, with an append-only file, that never evicts, and that runs
 * every command of a commit. Whatever else answers: a server that does not run them takes no commits. What a
 * server that does run them does not let us ask (Upstash; renamed commands) is listed as unverified.
 */
export async function checkHealth(transport: Transport, keys: Keys): Promise<Health> {
  const config = CONFIG.map((name) => ["CONFIG", "GET", name]);
  const probe = [
    "EVAL",
    probeScript,
    "4",
    ...["text", "hash", "list", "set"].map((name) => keys.probe + name),
  ];
  let replies: Reply[];
  try {
    replies = await transport.send([probe, ["INFO"], ...config]);
  } catch {
    return { ready: false, problems: ["Redis does not answer."] };
  }
  const [probed, ...facts] = replies;
  const { problems, unverified } = judge(factsOf(facts));
  if (probed instanceof ReplyError)
    return { ready: false, problems: [...new Set([refusalOf(probed), ...problems])] };
  return { ready: problems.length === 0, problems, ...(unverified.length > 0 && { unverified }) };
}

const CLUSTER = "Redis runs as a Cluster: a commit touches keys of several slots. Use one primary.";
const REPLICA = "This Redis is a replica, not the primary.";

/** What an error says of the server, for those that have an answer to it. */
const REFUSALS: readonly [RegExp, string][] = [
  [
    /NOPERM|unknown (redis )?command|can't (run|access)/i,
    "A command that commits need is refused: it is renamed, or the user may not run it on keys of the prefix.",
  ],
  [/^OOM\b/, "The memory of Redis is full: writes are refused."],
  [/^ERR max /i, "A limit of the plan is reached: Redis refuses commands."],
  [/^READONLY\b/, REPLICA],
  [/^(CROSSSLOT|CLUSTERDOWN|MOVED|ASK|TRYAGAIN)\b/, CLUSTER],
];

/** Of an error that is not known only its code is told: the rest may hold an address, or keys. */
function refusalOf({ message, code }: ReplyError): string {
  const known = REFUSALS.find(([pattern]) => pattern.test(message));
  return known?.[1] ?? `Redis does not take commands${code && ` (${code})`}.`;
}

type Facts = ReadonlyMap<string, string>;

/** What INFO says, and over it what CONFIG does; a value that was refused is not there. */
function factsOf([info, ...config]: Reply[]): Facts {
  const facts = new Map<string, string>();
  if (info instanceof Uint8Array)
    for (const [, name, value] of text(info).matchAll(/^([a-z_]+):([^\r\n]*)/gm)) facts.set(name!, value!);
  for (const reply of config) {
    if (!Array.isArray(reply) || reply.length < 2) continue;
    const [name, value] = list(reply).map(text);
    facts.set(name!, value!);
  }
  return facts;
}

interface Rule {
  /** The first of these that is known decides. */
  facts: string[];
  good: (value: string) => boolean;
  problem: string;
  unverified: string;
}

const RULES: readonly Rule[] = [
  {
    facts: ["appendonly", "aof_enabled"],
    good: (value) => value === "yes" || value === "1",
    problem: "The append-only file is off: a crash loses what was acknowledged. Set appendonly yes.",
    unverified: "whether the append-only file is on",
  },
  {
    facts: ["appendfsync"],
    good: (value) => value !== "no",
    problem: "The append-only file is never flushed. Set appendfsync always, or everysec.",
    unverified: "how often the append-only file is flushed",
  },
  {
    facts: ["maxmemory-policy", "maxmemory_policy"],
    good: (value) => value === "noeviction",
    problem: "Keys may be evicted when memory is full. Set maxmemory-policy noeviction.",
    unverified: "whether keys may be evicted",
  },
  {
    facts: ["cluster_enabled"],
    good: (value) => value === "0",
    problem: CLUSTER,
    unverified: "whether it is a Cluster",
  },
  {
    facts: ["role"],
    good: (value) => value === "master",
    problem: REPLICA,
    unverified: "whether it is the primary",
  },
  {
    facts: ["aof_last_write_status"],
    good: (value) => value === "ok",
    problem: "The last write to the append-only file failed: the disk may be full.",
    unverified: "whether the append-only file can be written",
  },
];

function judge(facts: Facts): { problems: string[]; unverified: string[] } {
  const found = RULES.map((rule) => {
    const name = rule.facts.find((each) => facts.has(each));
    return { rule, value: name === undefined ? undefined : facts.get(name)! };
  });
  const problems = found
    .filter(({ rule, value }) => value !== undefined && !rule.good(value))
    .map(({ rule }) => rule.problem);
  const unverified = found.filter(({ value }) => value === undefined).map(({ rule }) => rule.unverified);
  return { problems, unverified };
}
