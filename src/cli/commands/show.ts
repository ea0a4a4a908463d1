import type { PipelineView } from "../../model/pipeline-view.ts";
import { serviceCommand } from "../service-command.ts";
import { facts } from "../table.ts";

export const showCommand = serviceCommand({
  usage: "show PIPELINE",
  about: "Shows a pipeline: its status, state, lease, last checkpoint and settings.",
  async run({ service, words: [id] }) {
    const pipeline = await service.call<PipelineView>("GET", `/v1/pipelines/${id}`);
    const { lease, lastCheckpoint: last, ...shown } = pipeline;
    const text = facts({
      ...shown,
      lease: lease && `${lease.owner}, fence ${lease.fence}, until ${lease.expiresAt}`,
      lastCheckpoint: last && `${last.checkpointId}, version ${last.version}, at ${last.createdAt}`,
    });
    return { json: pipeline, text };
  },
});
