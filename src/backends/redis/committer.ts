import { OutcomeUnknown } from "../../model/errors.ts";
import type { Commit, CommitOutcome, Refusal } from "../types.ts";
import { commitFailed, IMPOSSIBLE, impossible } from "./errors.ts";
import { decodeHead, decodeWrite } from "./fields.ts";
import { list, pairs, type Reply, ReplyError, text } from "./reply.ts";
import { callAll, commandOf, type ScriptCall } from "./script.ts";
import { prepare, SCRIPT_BYTES, type StagingOptions, weigh } from "./staging.ts";
import type { Transport } from "./transport.ts";

/** About what one commit answers: its head, with the writes that are remembered. */
const ANSWER_BYTES = 32 * 1024;

/**
 * Makes commits in order, as many in one round trip as fit.
 *
 * @throws CairnError when none was made, `OutcomeUnknown` when one may have been
 */
export async function commitAll(
  options: StagingOptions,
  commits: readonly Commit[],
): Promise<CommitOutcome[]> {
  const calls: ScriptCall[] = [];
  for (const commit of commits) calls.push(await prepare(options, commit));
  const outcomes: CommitOutcome[] = [];
  for (const some of requests(options, calls)) {
    const made = await makeSome(options.transport, commits.slice(outcomes.length), some);
    const failed = made.filter((each) => each instanceof Error);
    if (failed.length > 0) throw failureOf(failed, [...outcomes, ...made].some(isMade));
    outcomes.push(...(made as CommitOutcome[]));
  }
  return outcomes;
}

/** What became of each commit of one request. */
async function makeSome(
  transport: Transport,
  commits: readonly Commit[],
  calls: readonly ScriptCall[],
): Promise<(CommitOutcome | Error)[]> {
  try {
    const replies = await callAll(transport, calls);
    return replies.map((reply, i) => outcomeOrError(commits[i]!, reply));
  } catch (cause) {
    return [commitFailed(cause)];
  }
}

function outcomeOrError(commit: Commit, reply: Reply): CommitOutcome | Error {
  try {
    return outcomeOf(commit, reply);
  } catch (cause) {
    return commitFailed(cause);
  }
}

function isMade(each: CommitOutcome | Error): boolean {
  return !(each instanceof Error) && each.ok;
}

/** What to say of all commits of a call, when some failed. */
function failureOf(failed: readonly Error[], someMade: boolean): Error {
  const first = failed.find((each) => each instanceof OutcomeUnknown) ?? failed[0]!;
  if (!someMade) return first;
  return new OutcomeUnknown("Of the commits of one call, only some were made.", { cause: first });
}

/** Calls grouped into requests that keep to the limit, and whose answers about do. */
function requests({ transport, maxRequestBytes }: StagingOptions, calls: readonly ScriptCall[]) {
  const groups: ScriptCall[][] = [];
  let room = 0;
  for (const call of calls) {
    const takes = Math.max(weigh(transport, commandOf(call)), ANSWER_BYTES);
    if (groups.length === 0 || takes > room) {
      groups.push([]);
      // The first of several brings the script along.
      room = maxRequestBytes - SCRIPT_BYTES;
    }
    groups.at(-1)!.push(call);
    room -= takes;
  }
  return groups;
}

/**
 * @throws ReplyError when Redis refused it, CairnError when the record is of another release or damaged, or when
 *   staged parts are gone: nothing was done then. `OutcomeUnknown` when it was done, and cannot be told.
 */
function outcomeOf(commit: Commit, reply: Reply): CommitOutcome {
  if (reply instanceof ReplyError) throw reply;
  const [said, record, flat, writes] = list(reply);
  const status = text(said);
  const head = () => decodeHead(commit.key, pairs(flat), text(writes));
  if (status === "applied" || status === "replayed") {
    try {
      const { result } = decodeWrite(text(record));
      return { ok: true, head: head(), result, replayed: status === "replayed" };
    } catch (cause) {
      throw new OutcomeUnknown("The commit landed on a record that cannot be read.", { cause });
    }
  }
  const stored = list(flat).length === 0 ? null : head();
  if (status in IMPOSSIBLE) throw impossible(status);
  return { ok: false, refusal: status as Refusal, head: stored };
}
