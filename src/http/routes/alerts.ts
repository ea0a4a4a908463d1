import { listAlerts } from "../../monitoring/alerts.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";
import { Alerts } from "../schemas.ts";
import { answer } from "./shared.ts";

const list = route({
  method: "GET",
  path: "/v1/alerts",
  operationId: "listAlerts",
  summary: "What is wrong with the service",
  description:
    "Of the whole service, as the last sweep found it; `sweepLag` as it is now. An alert fires above its threshold, and ends after five sweeps in a row at 80 % of it or less.",
  tag: "Service",
  scope: "admin",
  answers: { 200: answer("All alerts", Alerts) },
  handle: async ({ core }) => json(200, await listAlerts(core, Date.now())),
});

export const alertRoutes: readonly Route[] = [list];
