import { writeFile } from "node:fs/promises";
import { CairnError } from "../../model/errors.ts";
import { numberOption, serviceCommand } from "../service-command.ts";
import { facts } from "../table.ts";

export const resumeCommand = serviceCommand({
  usage: "resume PIPELINE",
  about: `Takes the lease of a pipeline and says where it goes on: the newest state that verifies. Every write needs the
fence from then on.`,
  options: {
    owner: { type: "string", default: `cairn-cli-${process.pid}` },
    ttl: { type: "string", default: "60" },
    checkpoint: { type: "string" },
    output: { type: "string", short: "o" },
  },
  optionHelp: `  --owner      in whose name; default: of this process
  --ttl        for how many seconds; default: 60
  --checkpoint the id of another checkpoint to go on from
  -o, --output a file that the state goes to`,
  async run({ cairn, words: [id], options: { owner, ttl, checkpoint: checkpointId, output } }) {
    const wanted = { owner, ttlSeconds: numberOption("ttl", ttl, 1), checkpointId };
    const { policy: _policy, profile: _profile, ...resumed } = await cairn.pipeline(id!).resume(wanted);
    if (output !== undefined && resumed.stateUrl !== null) {
      const request = { method: "GET", path: resumed.stateUrl, headers: {}, streamed: true } as const;
      const { stream } = await cairn.request(request);
      await writeFile(output, stream!, { mode: 0o600 }).catch(() => {
        const what = `The lease is taken (fence ${resumed.fence}), but ${output} cannot be written.`;
        throw new CairnError("internal", what);
      });
    }
    const { fence, expiresAt, attempt, version, contentType } = resumed;
    const from = resumed.checkpointId ?? "the state itself";
    return { json: resumed, text: facts({ fence, owner, expiresAt, attempt, version, from, contentType }) };
  },
});
