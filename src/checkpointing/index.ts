export { parseBytes } from "./bytes.ts";
export { analyzeTaskCriticality, type Criticality, type TaskFacts } from "./criticality.ts";
export {
  type Boundary,
  createDecider,
  type Decider,
  type DeciderOptions,
  type PipelinePlan,
} from "./decider.ts";
export { createPredictor, type Predictor } from "./hazard/predictor.ts";
export {
  AdaptiveCheckpointManager,
  AdaptiveStrategy,
  type CheckpointStrategy,
  EventDrivenStrategy,
  type ManagerOptions,
  ProgressBasedStrategy,
  TimeBasedStrategy,
} from "./manager.ts";
export { type Outcome, overhead, type Scenario, simulate } from "./simulate.ts";
export { evaluate, type Forecast } from "./strategies.ts";
