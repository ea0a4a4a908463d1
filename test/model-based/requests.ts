/** A verb with all its parameters settled: what is asked of the service and of the model alike. */
export type Request = { name: string; fence?: number; force?: boolean; idempotencyKey?: string } & Verb;

export type Condition = "absent" | "present" | { versions: number[] };

export type Verb =
  | { verb: "save"; text: string; type: string; condition?: Condition; checkpoint: boolean }
  | { verb: "patch"; suffix: string; fails: boolean; condition?: Condition }
  | { verb: "checkpoint"; label?: string; data?: string }
  | { verb: "drop"; sequence: number }
  | { verb: "acquire"; owner: string; ttlSeconds: number }
  | { verb: "renew"; ttlSeconds?: number }
  | { verb: "release" }
  | { verb: "resume"; owner: string; ttlSeconds: number; sequence?: number }
  | { verb: "recover"; sequence?: number }
  | { verb: "rollback"; sequence?: number; steps?: number }
  | { verb: "update"; status?: "completed" | "failed" | "cancelled"; labels?: Record<string, string> }
  | { verb: "register"; kind: string }
  | { verb: "delete" };

export type Asked<V extends Verb["verb"]> = Request & Extract<Verb, { verb: V }>;
