import type { Client } from "./client.ts";
import { type Answer, type Extras, newId, pipeline } from "./client.ts";

/** One kind of write, prepared on a pipeline of its own so that it would succeed. */
export interface WriteCase {
  name: string;
  /** What it answers when it is let through. */
  status: number;
  /** Makes a pipeline ready for it, and answers how to send it. */
  prepare(client: Client, id: string): Promise<(extras: Extras) => Promise<Answer>>;
  /** The same write with another body, to the same place; absent where a body has nothing to vary. */
  vary?(client: Client, id: string): (extras: Extras) => Promise<Answer>;
}

const merge = (extras: Extras): Extras => ({
  ...extras,
  headers: { ...extras.headers, "Content-Type": "application/merge-patch+json" },
});

/** Every write that the fence guards (design §2), except the lease's own. */
export const WRITES: WriteCase[] = [
  {
    name: "PUT state",
    status: 200,
    prepare: async (client, id) => (extras) => client.put(`${pipeline(id)}/state`, { n: 1 }, extras),
    vary: (client, id) => (extras) => client.put(`${pipeline(id)}/state`, { n: 2 }, extras),
  },
  {
    name: "PATCH state",
    status: 200,
    prepare: async (client, id) => (extras) =>
      client.patch(`${pipeline(id)}/state`, '{"n":1}', merge(extras)),
    vary: (client, id) => (extras) => client.patch(`${pipeline(id)}/state`, '{"n":2}', merge(extras)),
  },
  {
    name: "POST checkpoints",
    status: 201,
    prepare: async (client, id) => (extras) =>
      client.post(`${pipeline(id)}/checkpoints`, { label: "a" }, extras),
    vary: (client, id) => (extras) => client.post(`${pipeline(id)}/checkpoints`, { label: "b" }, extras),
  },
  {
    name: "POST checkpoints with data",
    status: 201,
    prepare: async (client, id) => (extras) =>
      client.post(`${pipeline(id)}/checkpoints`, { data: 1 }, extras),
    vary: (client, id) => (extras) => client.post(`${pipeline(id)}/checkpoints`, { data: 2 }, extras),
  },
  {
    name: "DELETE checkpoint",
    status: 204,
    async prepare(client, id) {
      const checkpointId = await client.checkpoint(id);
      return (extras) => client.delete(`${pipeline(id)}/checkpoints/${checkpointId}`, extras);
    },
  },
  {
    name: "POST recover",
    status: 200,
    async prepare(client, id) {
      await client.checkpoint(id);
      return (extras) => client.post(`${pipeline(id)}/recover`, {}, extras);
    },
  },
  {
    name: "POST rollback",
    status: 200,
    async prepare(client, id) {
      await client.checkpoint(id);
      await client.checkpoint(id);
      await client.save(id);
      return (extras) => client.post(`${pipeline(id)}/rollback`, { steps: 1 }, extras);
    },
    vary: (client, id) => (extras) => client.post(`${pipeline(id)}/rollback`, { steps: 2 }, extras),
  },
  {
    name: "PUT pipeline",
    status: 200,
    prepare: async (client, id) => (extras) => client.put(pipeline(id), { labels: { a: "1" } }, extras),
    vary: (client, id) => (extras) => client.put(pipeline(id), { labels: { a: "2" } }, extras),
  },
  {
    name: "PATCH pipeline",
    status: 200,
    prepare: async (client, id) => (extras) => client.patch(pipeline(id), { status: "completed" }, extras),
    vary: (client, id) => (extras) => client.patch(pipeline(id), { status: "failed" }, extras),
  },
  {
    name: "DELETE pipeline",
    status: 204,
    prepare: async (client, id) => (extras) => client.delete(pipeline(id), extras),
  },
];

/** A pipeline with a state, and a write that is ready for it. */
export async function ready(client: Client, write: WriteCase) {
  const id = newId();
  await client.save(id, '{"n":0}');
  return { id, send: await write.prepare(client, id) };
}
