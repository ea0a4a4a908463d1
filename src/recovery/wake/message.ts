import { sha256Hex } from "../../frames/digest.ts";
import type { Labels } from "../../model/pipeline.ts";

/** One interruption of one pipeline, as its commit left it. */
export interface Interruption {
  tenant: string;
  pipelineId: string;
  kind: string;
  labels: Labels;
  /** How often the pipeline was resumed. */
  attempt: number;
  version: number;
  /** As the interruption left it: a pipeline that held no lease keeps its fence. */
  fence: number;
  /** When it was interrupted, RFC 3339: together with the fence no two interruptions of a pipeline have the same. */
  at: string;
  checkpointId?: string;
  /** Where to `POST` for the lease and the state. */
  resumeUrl?: string;
}

/** What is sent; the same bytes at every try. */
export interface WakeMessage {
  /** `webhook-id`: receivers tell by it that they have had the message. */
  id: string;
  /** JSON, exactly as it is signed. */
  body: string;
}

/**
 * The message of an interruption, as Standard Webhooks has it: who was interrupted, nothing of its state. The id
 * is a digest, for it must hold no dot, which ids of pipelines do, and two tenants may name pipelines alike.
 */
export async function wakeMessage(interruption: Interruption): Promise<WakeMessage> {
  const { tenant, at, pipelineId, kind, labels, attempt, version, fence } = interruption;
  const { checkpointId, resumeUrl } = interruption;
  const digest = await sha256Hex(JSON.stringify(["wake", tenant, pipelineId, fence, at]));
  const data = { pipelineId, kind, labels, attempt, version, fence, checkpointId, resumeUrl };
  const body = JSON.stringify({ type: "pipeline.interrupted", timestamp: at, data });
  return { id: `msg_${digest.slice(0, 32)}`, body };
}
