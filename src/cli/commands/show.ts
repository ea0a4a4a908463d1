import { CairnError } from "../../model/errors.ts";
import { serviceCommand } from "../service-command.ts";
import { facts } from "../table.ts";

export const showCommand = serviceCommand({
  usage: "show PIPELINE",
  about: "Shows a pipeline: its status, state, lease, last checkpoint and settings.",
  async run({ cairn, words: [id] }) {
    const pipeline = await cairn.pipeline(id!).get();
    if (!pipeline) throw new CairnError("not_found", "There is no such pipeline.");
    const { lease, lastCheckpoint: last, ...shown } = pipeline;
    const text = facts({
      ...shown,
      lease: lease && `${lease.owner}, fence ${lease.fence}, until ${lease.expiresAt}`,
      lastCheckpoint: last && `${last.checkpointId}, version ${last.version}, at ${last.createdAt}`,
    });
    return { json: pipeline, text };
  },
});
