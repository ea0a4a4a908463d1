import {
  AdaptiveCheckpointManager,
  createDecider,
  type Decider,
  TimeBasedStrategy,
} from "cairn/checkpointing";
import { isExactly } from "./equal.ts";

const decider = createDecider({ strategy: "adaptive", restartSeconds: 30 });
isExactly<Decider>()(decider);
// @ts-expect-error: how long a restart takes is needed
createDecider({ strategy: "adaptive" });
decider.start({ taskSeconds: new Float64Array([60]), checkpointSeconds: [2], recoverySeconds: [3] });
isExactly<boolean>()(
  decider.boundary({ task: 0, lastCheckpoint: -1, uptimeSeconds: 60, sinceCheckpointSeconds: 60 }),
);
// @ts-expect-error: where it stands must be said whole
decider.boundary({ task: 0 });

export { AdaptiveCheckpointManager, TimeBasedStrategy };
