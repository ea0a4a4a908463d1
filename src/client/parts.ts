import { bodyOf } from "./deflate.ts";
import { CairnHttpError } from "./errors.ts";
import { readJson, type Send } from "./send.ts";

interface Upload {
  uploadId: string;
  partBytes: number;
}

/** How many parts are on their way at once. */
const AT_ONCE = 3;

/** Whether a state was refused for its size alone: then it may be sent in parts. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof CairnHttpError && error.status === 413;
}

/**
 * Sends a content ahead of its state, part by part.
 *
 * @returns what makes a state of them: the body of `PUT …/state`, and its type
 */
export async function sendParts(
  send: Send,
  pipelineId: string,
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  signal: AbortSignal | undefined,
): Promise<{ body: Uint8Array<ArrayBuffer>; contentType: string }> {
  const path = `/v1/pipelines/${pipelineId}/uploads`;
  const { uploadId, partBytes } = readJson(
    await send({ method: "POST", path, headers: {}, signal }),
  ) as Upload;
  const tokens = new Array<string>(Math.ceil(bytes.length / partBytes));
  let next = 0;
  const sendSome = async () => {
    for (let part = next++; part < tokens.length; part = next++) {
      const { body, headers } = await bodyOf(bytes.subarray(part * partBytes, (part + 1) * partBytes));
      const at = `${path}/${uploadId}/parts/${part + 1}`;
      const type = { "Content-Type": "application/octet-stream" };
      const answer = await send({ method: "PUT", path: at, headers: { ...type, ...headers }, body, signal });
      tokens[part] = (readJson(answer) as { token: string }).token;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendSome));
  const parts = JSON.stringify({ uploadId, contentType, parts: tokens });
  const body = new TextEncoder().encode(parts) as Uint8Array<ArrayBuffer>;
  return { body, contentType: "application/vnd.cairn.parts+json" };
}
