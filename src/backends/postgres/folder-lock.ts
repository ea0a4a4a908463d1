import { CairnError } from "../../model/errors.ts";

const SQLITE_BUSY = 5;

/**
 * Takes a folder for one client alone, and makes it where it is missing. The lock is SQLite's: it holds within a
 * process as between processes, and the system drops it when the process ends, however it ends.
 *
 * @returns what lets the next client have the folder
 * @throws CairnError `backend_unavailable`
 */
export async function lockFolder(path: string): Promise<() => void> {
  try {
    const { mkdirSync } = await import("node:fs");
    mkdirSync(path, { recursive: true });
    return await lock(`${path}/cairn.lock`);
  } catch (cause) {
    throw new CairnError("backend_unavailable", `The folder ${path} ${whyNot(cause)}.`, { cause });
  }
}

async function lock(file: string): Promise<() => void> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(file);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw error;
  }
  return () => database.close();
}

function whyNot(error: unknown): string {
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (errcode === SQLITE_BUSY) return "is in use: one client of one process may open it at a time";
  if (code === "ERR_UNKNOWN_BUILTIN_MODULE") return "cannot be locked: that takes Node 22.13 or later";
  return "cannot be written";
}
