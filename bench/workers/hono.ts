import { Hono } from "hono";

/** What Cairn's cold start is measured against: the framework alone, with one route. */
export default new Hono().get("/health", (c) => c.json({ status: "ok" }));
