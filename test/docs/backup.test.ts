import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startService as startEmpty } from "../client/service.ts";
import { startService, temporaryFolder } from "../runtime/service.ts";
import { exampleFolder, follow } from "./follow.ts";
import { allSections } from "./pages.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

test("by the guide all pipelines are backed up, and come back in an empty service on another store", async () => {
  const lost = await startService({ CAIRN_DATA: temporaryFolder() });
  const put = (path: string, body: string) =>
    fetch(`${lost.url}/v1/pipelines/${path}`, { method: "PUT", body, headers: JSON_TYPE });
  for (const id of ["nightly", "weekly.2026"]) {
    await put(id, '{"kind":"etl","labels":{"team":"a"}}');
    for (const body of ['{"n":1.0}', '{"n":2,"\u00fc":[]}']) await put(`${id}/state?checkpoint=always`, body);
  }
  const folder = await exampleFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const env = { BACKUP: join(temporaryFolder(), "all") };
  const section = allSections().find(({ name }) => name === "docs/operations.md#Back up and restore")!;
  const [, backUp, restore] = section.blocks.map((block) => ({
    ...section,
    blocks: [{ ...block, noRun: null }],
  }));
  await follow(backUp!, { folder, env, url: lost.url });
  const before = await contentsOf(lost.url);
  lost.process.kill("SIGTERM");
  await lost.ended;
  const { url } = await startEmpty();
  await follow(restore!, { folder, env, url });
  expect(await contentsOf(url)).toEqual(before);
  expect(before.map(({ checkpoints }) => checkpoints.length)).toEqual([2, 2]);
});

/** Of all pipelines: what they are, their states and all checkpoints, by their very bytes. */
async function contentsOf(url: string): Promise<{ checkpoints: string[] }[]> {
  const get = (path: string) => fetch(`${url}/v1/pipelines${path}`);
  const { data } = (await (await get("")).json()) as { data: { pipelineId: string }[] };
  return Promise.all(
    data.map(async ({ pipelineId: id }) => {
      const { kind, labels, status } = (await (await get(`/${id}`)).json()) as Record<string, unknown>;
      const { data: listed } = (await (await get(`/${id}/checkpoints`)).json()) as {
        data: { checkpointId: string }[];
      };
      const texts = listed.map(async ({ checkpointId }) =>
        (await get(`/${id}/checkpoints/${checkpointId}/state`)).text(),
      );
      const state = await (await get(`/${id}/state`)).text();
      return { id, kind, labels, status, state, checkpoints: await Promise.all(texts) };
    }),
  );
}
