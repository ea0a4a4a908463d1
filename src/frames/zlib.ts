import { once } from "../model/once.ts";

/** Loaded when bytes are first compressed or inflated: a cold start has no time for it. */
export const zlib = once(() => import("node:zlib"));
