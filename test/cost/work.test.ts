import { describe, expect, test } from "vitest";
import { type OperationWork, type Store, type Work, workOf } from "../../src/cost/work.ts";
import { COUNTED } from "./counted.ts";
import { measureWork } from "./measure.ts";

/** Noise in a state, 0: a delta of some 150 bytes. Of each store what the table tells apart. */
const SIZES: Readonly<Record<Store, readonly number[]>> = {
  object: [0, 2000, 40_000],
  dynamodb: [0, 2000, 40_000],
  postgres: [0, 40_000],
  redis: [0, 40_000],
};
const sizes = (noise: number) => ({ frame: noise || 150, chain: noise || 4000 });

describe.each(Object.keys(COUNTED) as Store[])("on %s", (name) => {
  test.each(SIZES[name])("the operations take what the cost model says: noise of %i bytes", async (noise) => {
    const store = await COUNTED[name]();
    const measured = await measureWork(store, noise).finally(() => store.stop());
    expect(differences(measured, workOf(name, sizes(noise)))).toEqual([]);
  });
});

test("one call more for each checkpoint is found out", async () => {
  const store = await COUNTED.object();
  const open = () => {
    const backend = store.open();
    const commit: typeof backend.commit = async (commits) => {
      await backend.load(commits[0]!.key);
      return backend.commit(commits);
    };
    return { ...backend, commit };
  };
  const measured = await measureWork({ ...store, open }, 0).finally(() => store.stop());
  expect(differences(measured, workOf("object", sizes(0)))).toContainEqual(
    expect.stringMatching(/^checkpoint gets: /),
  );
});

/** Ids and times are of other lengths each time, and with them what compresses to how much. */
function differences(measured: OperationWork, told: OperationWork): string[] {
  return (Object.keys(told) as (keyof OperationWork)[]).flatMap((operation) =>
    (Object.keys(measured[operation]) as (keyof Work)[]).flatMap((unit) => {
      const [is, said] = [measured[operation][unit]!, told[operation][unit] ?? 0];
      return Math.abs(is - said) <= 0.1 + said / 10 ? [] : [`${operation} ${unit}: ${is}, not ${said}`];
    }),
  );
}
