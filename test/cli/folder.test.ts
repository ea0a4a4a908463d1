import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataFolder } from "../../src/cli/folder.ts";
import { temporaryFolder } from "../runtime/service.ts";

test("creates the folder for its owner alone", () => {
  const path = join(temporaryFolder(), "a", "b");
  const folder = openDataFolder(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  folder.release();
});

test("the bucket's name is a secret that stays", () => {
  const path = temporaryFolder();
  const first = openDataFolder(path);
  first.release();
  const second = openDataFolder(path);
  second.release();
  expect(second.bucket).toBe(first.bucket);
  expect(first.bucket).toMatch(/^cairn-[0-9a-f-]{36}$/);
  expect(statSync(join(path, "bucket")).mode & 0o777).toBe(0o600);
});

test("a name that was cut off while it was written is chosen again", () => {
  const path = temporaryFolder();
  writeFileSync(join(path, "bucket"), "");
  const folder = openDataFolder(path);
  folder.release();
  expect(readFileSync(join(path, "bucket"), "utf8")).toBe(folder.bucket);
});

test("clears what a killed predecessor left", () => {
  const path = temporaryFolder();
  mkdirSync(join(path, "tmp", "old"), { recursive: true });
  const folder = openDataFolder(path);
  folder.release();
  expect(existsSync(join(path, "tmp", "old"))).toBe(false);
  expect(existsSync(folder.temporary)).toBe(true);
});

test("one holder at a time", () => {
  const path = temporaryFolder();
  const folder = openDataFolder(path);
  expect(() => openDataFolder(path)).toThrow(`Another npm start already runs on ${path}`);
  folder.release();
  openDataFolder(path).release();
});

test("says what to do about a folder that cannot be written", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  expect(() => openDataFolder(join(file, "data"))).toThrow("Set CAIRN_DATA to one that can");
});
