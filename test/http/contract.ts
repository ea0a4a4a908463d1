import { afterAll, beforeAll, describe } from "vitest";
import { accessContract } from "./contract/access.ts";
import { checkpointContract } from "./contract/checkpoints.ts";
import { claimContract } from "./contract/claims.ts";
import { Client, type ContractService } from "./contract/client.ts";
import { deltaContract } from "./contract/delta.ts";
import { diffContract } from "./contract/diff.ts";
import { exportContract } from "./contract/export.ts";
import { forkContract } from "./contract/fork.ts";
import { idempotencyContract } from "./contract/idempotency.ts";
import { idContract } from "./contract/ids.ts";
import { jsonContract } from "./contract/json.ts";
import { learningContract } from "./contract/learning.ts";
import { leaseContract } from "./contract/lease.ts";
import { limitContract } from "./contract/limits.ts";
import { mergeContract } from "./contract/merge.ts";
import { metricsContract } from "./contract/metrics.ts";
import { patchContract } from "./contract/patch.ts";
import { pipelineContract } from "./contract/pipelines.ts";
import { pruneContract } from "./contract/prune.ts";
import { recoverSelectContract } from "./contract/recover-select.ts";
import { recoveryContract } from "./contract/recovery.ts";
import { serviceContract } from "./contract/service.ts";
import { stateReadContract } from "./contract/state-read.ts";
import { stateWriteContract } from "./contract/state-write.ts";
import { uploadContract } from "./contract/uploads.ts";

export type { ContractService } from "./contract/client.ts";
export { CONTRACT_API_KEYS } from "./contract/keys.ts";

/**
 * The HTTP contract (design §2) as tests that speak only HTTP: the same for every runtime, store and transport.
 *
 * @param start starts a service with `CONTRACT_API_KEYS`, the default limits and no CORS; pipelines that are
 *   there already do not matter
 * @param largeRequests false where something in front of the service takes no more than some MB
 */
export function httpContract(
  name: string,
  start: () => Promise<ContractService>,
  { largeRequests = true } = {},
): void {
  describe(`HTTP contract: ${name}`, () => {
    let service: ContractService;
    beforeAll(async () => {
      service = await start();
    });
    afterAll(async () => service.stop?.());
    const client = new Client(() => service);
    stateWriteContract(client);
    stateReadContract(client);
    jsonContract(client);
    patchContract(client);
    mergeContract(client);
    deltaContract(client);
    uploadContract(client);
    checkpointContract(client);
    diffContract(client);
    leaseContract(client);
    learningContract(client);
    recoveryContract(client);
    recoverSelectContract(client);
    pruneContract(client);
    forkContract(client);
    exportContract(client, largeRequests);
    claimContract(client);
    pipelineContract(client);
    idempotencyContract(client);
    accessContract(client);
    idContract(client);
    limitContract(client, largeRequests);
    metricsContract(client);
    serviceContract(client);
  });
}
