import type { Checkpoint } from "../../model/checkpoint.ts";
import { listed } from "../pages.ts";
import { serviceCommand } from "../service-command.ts";

interface Verified {
  checkpointId: string;
  valid: boolean;
  problems: string[];
}

export const verifyCommand = serviceCommand({
  usage: "verify PIPELINE [CHECKPOINT]",
  about: "Reads and hashes every frame of a checkpoint, or of all. Ends with 1 when something is damaged.",
  async run({ service, words: [id, one], progress }) {
    const path = `/v1/pipelines/${id}/checkpoints`;
    const list = listed<Checkpoint>(service, path, new URLSearchParams(), { all: true }, progress);
    const ids = one ? [one] : (await list).data.map(({ checkpointId }) => checkpointId);
    const found: Verified[] = [];
    for (const checkpointId of ids) {
      progress.show(`${found.length} of ${ids.length} verified`, found.length / ids.length);
      const answer = await service.call<Omit<Verified, "checkpointId">>(
        "POST",
        `${path}/${checkpointId}/verify`,
      );
      found.push({ checkpointId, ...answer });
    }
    const bad = found.filter(({ valid }) => !valid);
    const lines = bad.map(
      ({ checkpointId, problems }) => `Damaged: ${checkpointId} (${problems.join("; ")}).`,
    );
    const text = [...lines, `${found.length - bad.length} of ${found.length} checkpoints verify.`].join("\n");
    return { json: found, text, isBad: bad.length > 0 };
  },
});
