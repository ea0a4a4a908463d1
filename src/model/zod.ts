/**
 * The zod of the service: its small build, told to explain itself in English. A schema is declared as a function,
 * `once(() => z.…)`, which makes it at its first use: a cold start makes only those that its request needs.
 */
import { config } from "zod/mini";
import english from "zod/v4/locales/en.js";

config(english());

export * from "zod/mini";
