/**
 * What `npm start` prints once the service answers: where it listens and three calls to try.
 *
 * @returns lines without a newline at the end; the first ends with the address
 */
export function welcome(about: {
  url: string;
  /** Where the data is. */
  data: string;
  bindings: Record<string, string>;
}): string {
  const { url, data, bindings } = about;
  const keys = Boolean(bindings.CAIRN_API_KEYS);
  const curl = `curl ${keys ? `-H "Authorization: Bearer $CAIRN_KEY" ` : ""}-X`;
  const json = `-H 'Content-Type: application/json' -d`;
  const pipeline = `${url}/v1/pipelines/first`;
  return `Cairn listens on ${url}
${data} The scheduled sweep runs every minute. Ctrl-C stops it.

Save a state, read it back, checkpoint it${keys ? " (CAIRN_KEY: one of your API keys)" : ""}:

  ${curl} PUT ${pipeline}/state ${json} '{"step":1,"done":["collect"]}'
  ${curl} GET ${pipeline}/state
  ${curl} POST ${pipeline}/checkpoints ${json} '{"label":"after collect"}'
`;
}

/** What is wrong, from the body of an answer to `GET /ready` that is not 200. */
export function explainNotReady(body: string): string {
  return `The service is not ready: ${problemsIn(body).join("; ") || body}`;
}

function problemsIn(body: string): string[] {
  try {
    const { problems, detail = "" } = JSON.parse(body) as { problems?: unknown[]; detail?: string };
    return problems?.map((item) => (typeof item === "string" ? item : JSON.stringify(item))) ?? [detail];
  } catch {
    return [];
  }
}
