import { MOST_NAMES } from "../sums.ts";
import type { StorageBackend, SumsKey } from "../types.ts";
import { type Check, type Context, saved, together } from "./support.ts";

const WRITERS = 20;

/** In an order of their own: stores keep none. */
async function sumsOf(t: Context, key: SumsKey, backend = t.backend): Promise<[string, number][]> {
  return sorted(Object.entries(await backend.sums(key)));
}

function sorted(entries: [string, number][]): [string, number][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The code of the error with which a call is refused. */
async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: { code?: string }) => error.code ?? "no code",
  );
}

/** Names that mean something to a store, to JavaScript, or to a parser. */
const NAMES = [
  ...[
    'saves{kind="nightly-etl",le="+Inf"}',
    "a/b/../c",
    "a.b",
    "#a",
    ":v",
    "=",
    "+a",
    "~",
    " ",
    "%",
    "\\",
    "'",
  ],
  ...["__proto__", "constructor", "toString", "length", "0", "00", "-1", "a", "A"],
  ...[
    "pk",
    "sk",
    "tenant",
    "pipelineId",
    "dueAt",
    "head",
    "format",
    "name",
    "value",
    "null",
    "x".repeat(200),
  ],
];

function all(names: readonly string[], sum: number): [string, number][] {
  return names.map((name) => [name, sum]);
}

/** Writers at once, half of them with the names in the other order: nobody waits for whom waits for him. */
async function writers(t: Context, clients: readonly StorageBackend[]): Promise<void> {
  const key = { tenant: t.tenant, scope: "crowd" };
  const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
  await together(WRITERS, async (i) => {
    const order = i % 2 === 0 ? names : names.toReversed();
    const counts = Object.fromEntries(all(order, 1));
    await clients[i % clients.length]!.add(key, { ...counts, seconds: 0.25, [`own ${i}`]: i });
  });
  const expected: [string, number][] = [
    ...all(names, WRITERS),
    ...Array.from({ length: WRITERS }, (_, i): [string, number] => [`own ${i}`, i]),
    ["seconds", WRITERS / 4],
  ];
  for (const client of clients) t.expect(await sumsOf(t, key, client)).toEqual(sorted(expected));
}

/** Additive counters: none is lost, none is another's. */
export const sumsChecks: Check[] = [
  {
    name: "a key that nothing was added to has no sums",
    async run(t) {
      const key = { tenant: t.tenant, scope: "metrics" };
      t.expect(await t.backend.sums(key)).toEqual({});
      await t.backend.add(key, {});
      await t.backend.clearSums(key);
      t.expect(await t.backend.sums(key)).toEqual({});
    },
  },
  {
    name: "sums begin at 0 and change by what is added, of some of them at a time",
    async run(t) {
      const key = { tenant: t.tenant, scope: "metrics" };
      await t.backend.add(key, { a: 2, b: -3 });
      await t.backend.add(key, { a: 5, c: 0 });
      await t.backend.add(key, { a: -7, b: -0.5, d: -0 });
      t.expect(await sumsOf(t, key)).toEqual([
        ["a", 0],
        ["b", -3.5],
        ["c", 0],
        ["d", 0],
      ]);
    },
  },
  {
    name: "integers are exact up to 2^53, and fractions as exact as numbers are",
    async run(t) {
      const key = { tenant: t.tenant, scope: "exact" };
      const large = 2 ** 53;
      const third = 1 / 3;
      const given = { up: large - 3, down: 3 - large, third, huge: 1.5e21, small: 2.5e-9, power: 2 ** 80 };
      await t.backend.add(key, given);
      t.expect(await sumsOf(t, key)).toEqual(sorted(Object.entries(given)));
      for (const step of [1, 2]) await t.backend.add(key, { up: step, down: -step });
      for (let i = 0; i < 9; i++) await t.backend.add(key, { third, huge: 1.5e21, small: 2.5e-9 });
      const { up, down, ...sums } = await t.backend.sums(key);
      t.expect([up, down]).toEqual([large, -large]);
      const wanted = { third: 10 / 3, huge: 1.5e22, small: 2.5e-8, power: 2 ** 80 };
      const wrong = Object.entries(wanted).filter(
        ([name, sum]) => !(Math.abs(sums[name]! / sum - 1) < 1e-15),
      );
      t.expect(wrong).toEqual([]);
    },
  },
  {
    name: "a name of a sum may hold whatever is printable ASCII",
    async run(t) {
      const key = { tenant: t.tenant, scope: "names" };
      const increments = Object.fromEntries(NAMES.map((name, i) => [name, i + 1]));
      await t.backend.add(key, increments);
      await t.backend.add(key, increments);
      const twice = NAMES.map((name, i): [string, number] => [name, 2 * (i + 1)]);
      t.expect(await sumsOf(t, key)).toEqual(sorted(twice));
      t.expect(({} as Record<string, unknown>).a, "what every object has").toBe(undefined);
    },
  },
  {
    name: `${MOST_NAMES} sums are added to at once, and of more nothing is added`,
    async run(t) {
      const key = { tenant: t.tenant, scope: "many" };
      const some = (count: number, letter: string) =>
        Array.from({ length: count }, (_, i): [string, number] => [String(i).padEnd(200, letter), i + 0.5]);
      await t.backend.add(key, Object.fromEntries(some(MOST_NAMES, "a")));
      await t.backend.add(key, Object.fromEntries(some(MOST_NAMES, "b")));
      const more = Object.fromEntries(some(MOST_NAMES + 1, "a"));
      t.expect(await refusal(t.backend.add(key, more))).toBe("malformed");
      const all = [...some(MOST_NAMES, "a"), ...some(MOST_NAMES, "b")];
      t.expect(await sumsOf(t, key)).toEqual(sorted(all));
    },
  },
  {
    name: "tenants and scopes have sums of their own, and pipelines are none of them",
    async run(t) {
      const tenants = [t.tenant, `${t.tenant}-x`, `${t.tenant}.x`];
      const scopes = [
        "a",
        "A",
        "a.b",
        "a..b",
        "a/b",
        "a/b/c",
        "a/0",
        "a-b",
        "sums",
        "head",
        `x${"/y".repeat(99)}`,
      ];
      const keys: SumsKey[] = [
        ...tenants.flatMap((tenant) => scopes.map((scope) => ({ tenant, scope }))),
        ...["a", "a/b"].map((scope) => ({ tenant: "", scope: `${t.tenant}/${scope}` })),
      ];
      await saved(t, "sums");
      await together(keys.length, (i) => t.backend.add(keys[i]!, { n: i }));
      const found = await together(keys.length, (i) => t.backend.sums(keys[i]!));
      t.expect(found).toEqual(keys.map((_, i) => ({ n: i })));
      await t.backend.clearSums({ tenant: t.tenant, scope: "a" });
      const left = await together(keys.length, (i) => t.backend.sums(keys[i]!));
      t.expect(left).toEqual(keys.map((_, i) => (i === 0 ? {} : { n: i })));
      const { data } = await t.backend.pipelines(t.tenant, {}, { limit: 9 });
      t.expect(data.map(({ pipelineId }) => pipelineId)).toEqual(["sums"]);
    },
  },
  {
    name: "what is no scope, no name or no number is refused, and nothing is added",
    async run(t) {
      const key = { tenant: t.tenant, scope: "refused" };
      const long = ["a".repeat(129), `${"a/".repeat(100)}b`];
      const scopes = ["", "a b", "a\n", ..."/ a/ /a a//b . .. a/../b a/.b %2e é {a} *".split(" "), ...long];
      for (const scope of scopes) {
        const refused = await refusal(t.backend.add({ ...key, scope }, { n: 1 }));
        t.expect([scope, refused]).toEqual([scope, "invalid_id"]);
      }
      for (const tenant of ["..", "a/b", "é", " "]) {
        const calls = [t.backend.sums({ ...key, tenant }), t.backend.clearSums({ ...key, tenant })];
        for (const call of calls) t.expect([tenant, await refusal(call)]).toEqual([tenant, "invalid_id"]);
      }
      for (const name of ["", "é", "a\n", "\0", "\x7f", "x".repeat(201)])
        t.expect([name, await refusal(t.backend.add(key, { good: 1, [name]: 1 }))]).toEqual([
          name,
          "malformed",
        ]);
      for (const value of [Number.NaN, Infinity, -Infinity, 1e101, undefined as never])
        t.expect([value, await refusal(t.backend.add(key, { good: 1, value }))]).toEqual([
          value,
          "malformed",
        ]);
      t.expect(await t.backend.sums(key)).toEqual({});
    },
  },
  {
    name: "sums that were forgotten begin at 0 again",
    async run(t) {
      const key = { tenant: t.tenant, scope: "forgotten" };
      for (let i = 0; i < 8; i++) await t.backend.add(key, { n: 1, [`n${i}`]: 1 });
      await t.backend.clearSums(key);
      t.expect(await t.backend.sums(key)).toEqual({});
      await t.backend.add(key, { n: 2 });
      t.expect(await t.backend.sums(key)).toEqual({ n: 2 });
    },
  },
  {
    name: "what is added at once is seen, and forgotten, together",
    async run(t) {
      const key = { tenant: t.tenant, scope: "together" };
      const both = { a: 1, b: 1, every: 1 };
      let adding = 4;
      const add = async () => {
        for (let i = 0; i < 20; i++) await t.backend.add(key, i % 2 === 0 ? { every: 1 } : both);
        adding--;
      };
      const forget = async () => {
        while (adding > 0) {
          await t.backend.clearSums(key);
          const { a = 0, b = 0, every = 0 } = await t.backend.sums(key);
          t.expect([b, every >= a], "of what was added together").toEqual([a, true]);
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      };
      await Promise.all([add(), add(), add(), add(), forget()]);
    },
  },
  {
    name: `${WRITERS} writers at once lose no count`,
    run: (t) => writers(t, [t.backend]),
  },
  {
    name: `${WRITERS} writers at once lose no count (two clients)`,
    async run(t) {
      if (!t.reopen) return;
      const other = await t.reopen();
      await writers(t, [t.backend, other]);
      await other.close();
    },
  },
];
