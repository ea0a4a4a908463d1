import type { Route } from "../route.ts";
import { checkpointRoutes } from "./checkpoints.ts";
import { leaseRoutes } from "./lease.ts";
import { pipelineRoutes } from "./pipelines.ts";
import { recoveryRoutes } from "./recovery.ts";
import { serviceRoutes } from "./service.ts";
import { stateRoutes } from "./state.ts";

/** Every operation of the service, in the order that the documentation shows them. */
export const ROUTES: readonly Route[] = [
  ...stateRoutes,
  ...checkpointRoutes,
  ...leaseRoutes,
  ...recoveryRoutes,
  ...pipelineRoutes,
  ...serviceRoutes,
];
