import { OutcomeUnknown } from "../../model/errors.ts";
import type { Commit, CommitOutcome, Due, Refusal, StorageBackend } from "../types.ts";
import { decodeCheckpoint, decodeHead, decodeHeads } from "./decode.ts";
import { encodeBatch, plain, weight } from "./encode.ts";
import { commitFailure, unavailable } from "./failures.ts";
import { framesOver } from "./frames.ts";
import { checkHealth } from "./health.ts";
import { listCheckpoints, listEvents, listPipelines, nameOf } from "./lists.ts";
import { inParts } from "./parts.ts";
import type { Row, Runner } from "./runner.ts";
import { CHECKPOINT, COMMIT, DUE } from "./statements.ts";
import { sumsOver } from "./sums.ts";

/**
 * Pipelines in Postgres: every method is one statement, and a commit is one call of a stored function, which
 * locks the pipeline's row and then decides. Only frames that are too large together for one call take several.
 *
 * @param runner closed with the backend
 */
export function postgresOver(runner: Runner): StorageBackend {
  const { maxFrameBytes } = runner;

  async function query(sql: string, params: readonly (string | null)[]): Promise<Row[]> {
    try {
      return await runner.query(sql, params);
    } catch (error) {
      throw unavailable(error);
    }
  }

  async function commit(commits: readonly Commit[]): Promise<CommitOutcome[]> {
    const outcomes: CommitOutcome[] = [];
    for (const part of inParts(commits, weight, maxFrameBytes)) {
      const { commits: encoded, frames } = encodeBatch(part);
      const rows = await runner.query(COMMIT, [encoded, frames]).catch((error: unknown) => {
        throw commitFailure(error, outcomes.length > 0);
      });
      outcomes.push(...outcomesOf(rows));
    }
    return outcomes;
  }

  return {
    name: "postgres",
    capabilities: { maxFrameBytes, clockSlackSeconds: 0, minCommitSeconds: 0 },
    commit,
    ...framesOver(query, maxFrameBytes),
    async checkpoint(key, checkpointId) {
      const [row] = await query(CHECKPOINT, [...nameOf(key), plain(checkpointId)]);
      return row ? decodeCheckpoint(row.checkpoint!, key.pipelineId) : null;
    },
    checkpoints: (key, page) => listCheckpoints(query, key, page),
    pipelines: (tenant, filter, page) => listPipelines(query, tenant, filter, page),
    events: (key, page) => listEvents(query, key, page),
    async due(limit): Promise<Due[]> {
      const rows = await query(DUE, [String(limit)]);
      const heads = decodeHeads(rows.map((row) => row.head!));
      return heads.map((head) => ({ key: { tenant: head.tenant, pipelineId: head.pipelineId }, head }));
    },
    ...sumsOver(query),
    health: () => checkHealth(runner),
    close: () => runner.close(),
  };
}

/** What has landed is not refused for a head that cannot be read. @throws OutcomeUnknown */
function outcomesOf(rows: readonly Row[]): CommitOutcome[] {
  try {
    return rows.map(outcomeOf);
  } catch (error) {
    throw new OutcomeUnknown("The answer cannot be read.", { cause: error });
  }
}

function outcomeOf({ outcome, answer, head: text }: Row): CommitOutcome {
  const head = text === null ? null : decodeHead(text!);
  if (outcome !== "applied" && outcome !== "replayed")
    return { ok: false, refusal: outcome as Refusal, head };
  return { ok: true, head: head!, result: JSON.parse(answer!), replayed: outcome === "replayed" };
}
