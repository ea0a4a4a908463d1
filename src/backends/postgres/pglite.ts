import type { PGlite } from "@electric-sql/pglite";
import { lockFolder } from "./folder-lock.ts";
import { failureOf, once, type Row, type Runner, StoreFailure } from "./runner.ts";

export interface PgliteOptions {
  /** A folder, which one client at a time may open. @default in memory */
  path?: string;
  /** How long a call waits for the answer. @default 60 */
  timeoutSeconds?: number;
}

const MAX_FRAME_BYTES = 64 * 1024 ** 2;

/** Postgres inside this process, for tests and embedding. Makes its schema by itself. */
export function pgliteRunner({ path, timeoutSeconds = 60 }: PgliteOptions = {}): Runner {
  const database = once(
    () => (path === undefined ? openDatabase() : openFolder(path.replace(/^file:\/\//, ""))),
    ({ close }) => close(),
  );

  async function query(sql: string, params: readonly (string | null)[]): Promise<Row[]> {
    const { db } = await database.get();
    return within(timeoutSeconds, run(db, sql, params));
  }

  return { maxFrameBytes: MAX_FRAME_BYTES, query, close: database.close };
}

interface Open {
  db: PGlite;
  close(): Promise<void>;
}

/** Two databases in one folder would each overwrite what the other has acknowledged. */
async function openFolder(path: string): Promise<Open> {
  const release = await lockFolder(path);
  try {
    const { db, close } = await openDatabase(path);
    return { db, close: () => close().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

async function openDatabase(path?: string): Promise<Open> {
  const { PGlite } = await import("@electric-sql/pglite");
  const { migrate } = await import("./migrate.ts");
  const db = await PGlite.create(path === undefined ? {} : { dataDir: `file://${path}` });
  const close = () => db.close();
  const query: Runner["query"] = (sql, params) => run(db, sql, params);
  try {
    await migrate({ maxFrameBytes: MAX_FRAME_BYTES, query, close });
  } catch (error) {
    await close();
    throw error;
  }
  return { db, close };
}

async function run(db: PGlite, sql: string, params: readonly (string | null)[]): Promise<Row[]> {
  try {
    return (await db.query<Row>(sql, [...params])).rows;
  } catch (error) {
    throw failureOf(error, true);
  }
}

/** The database runs in this thread, and cannot be told to stop: a late answer is dropped. */
async function within<T>(seconds: number, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const failure = new StoreFailure("unknown", null, "Postgres did not answer in time");
    timer = setTimeout(() => reject(failure), seconds * 1000);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
