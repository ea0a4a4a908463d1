import {
  CairnError,
  type ErrorCode,
  inProcess,
  type LoadedState,
  memoryBackend,
  RecoveryError,
  SimpleStateManager,
  StateManager,
  StateManagerError,
  type StateMetrics,
  StateMonitor,
  StateRecovery,
  type StorageBackend,
} from "cairn";
import { Cairn } from "cairn/client";
import { isExactly } from "./equal.ts";

const manager = new StateManager({ backendType: "folder", backendConfig: { path: "state" }, batchSize: 10 });
// @ts-expect-error: there is no such store
new StateManager({ backendType: "mongodb" });
// @ts-expect-error: there is no such option
new StateManager({ compressed: true });
isExactly<StorageBackend>()(memoryBackend());

export async function managed(): Promise<void> {
  isExactly<LoadedState<{ page: number }> | null>()(
    await manager.loadPipelineState<{ page: number }>("nightly"),
  );
  await manager.savePipelineState("nightly", { page: 1 }, { ifVersion: 1, onConflict: "merge" });
  await manager.savePipelineState("nightly", new Uint8Array(1));
  // @ts-expect-error: there is no such way out of a conflict
  await manager.savePipelineState("nightly", {}, { onConflict: "overwrite" });
  const { state, fence } = await manager.resumePipeline<{ page: number }>("nightly", { owner: "me" });
  isExactly<{ page: number } | null>()(state);
  isExactly<number>()(fence);
  // @ts-expect-error: a lease has an owner
  await manager.resumePipeline("nightly", {});
  isExactly<number | null>()(await new SimpleStateManager().load<number>("job"));
  isExactly<StateMetrics>()(await new StateMonitor({ manager }).getStateMetrics());
  // @ts-expect-error: there is no such option
  new StateRecovery({ manager, steps: 1 });
  new Cairn(inProcess({ backend: memoryBackend() }));
}

export function failure(error: unknown): boolean {
  if (error instanceof StateManagerError || error instanceof RecoveryError)
    isExactly<CairnError["code"]>()(error.code);
  if (!(error instanceof CairnError)) return false;
  isExactly<ErrorCode>()(error.code);
  // @ts-expect-error: no code is called so
  return error.code === "lease_hold";
}
