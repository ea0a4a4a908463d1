import type { Route } from "../route.ts";
import { alertRoutes } from "./alerts.ts";
import { checkpointRoutes } from "./checkpoints.ts";
import { copyRoutes } from "./copies.ts";
import { leaseRoutes } from "./lease.ts";
import { metricsRoutes } from "./metrics.ts";
import { pipelineRoutes } from "./pipelines.ts";
import { profileRoutes } from "./profiles.ts";
import { pruneRoutes } from "./prune.ts";
import { recoveryRoutes } from "./recovery.ts";
import { serviceRoutes } from "./service.ts";
import { stateRoutes } from "./state.ts";
import { sweepRoutes } from "./sweep.ts";
import { uploadRoutes } from "./uploads.ts";

/** Every operation of the service, in the order that the documentation shows them. */
export const ROUTES: readonly Route[] = [
  ...stateRoutes,
  ...uploadRoutes,
  ...checkpointRoutes,
  ...profileRoutes,
  ...leaseRoutes,
  ...recoveryRoutes,
  ...sweepRoutes,
  ...alertRoutes,
  ...pruneRoutes,
  ...pipelineRoutes,
  ...copyRoutes,
  ...metricsRoutes,
  ...serviceRoutes,
];
