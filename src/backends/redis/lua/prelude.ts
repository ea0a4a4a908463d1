import { FINISHED } from "../../../model/finished.ts";
import { FORMAT } from "../../../model/head.ts";

/** Numbers as Redis is told them, and the store's clock. */
export const time = `
local function num(value)
  return string.format('%.0f', value)
end

-- Milliseconds since 1970: a double holds them exactly.
local function clock(ahead)
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000) + (ahead or 0)
end
`;

/**
 * What most scripts begin with. Records are lines of text, JSON among them, which the scripts carry and never
 * decode: cjson rounds numbers, and makes `{}` of `[]`. A JSON text holds no line break, so lines cannot clash.
 */
export const prelude =
  time +
  String.raw`
local FORMAT = ${FORMAT}

local function lines(value)
  local found = {}
  for line in string.gmatch(value, '[^\n]+') do found[#found + 1] = line end
  return found
end

local function chainOf(frame)
  return string.match(frame, '^[^.]*')
end

local function fields(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local function flatten(map)
  local flat = {}
  for name, value in pairs(map) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  return flat
end

local function size(list)
  local bytes = 0
  for _, value in ipairs(list) do bytes = bytes + #value end
  return bytes
end

-- Remembered commits with an empty line between: one that is damaged does not shift the others.
local function remembered(writes)
  return table.concat(writes, '\n\n')
end
`;

/** `dueAt` of a head's fields, as a score: whole milliseconds. Nothing for one that waits for nothing. */
export const dueFunction = `
local FINISHED = { ${FINISHED.map((status) => `${status} = true`).join(", ")} }

local function dueAt(head)
  if head.deleted ~= '0' then return nil end
  local due, other = tonumber(head.lookAt), nil
  local function afterUpdate(seconds)
    local wait, updated = tonumber(seconds), tonumber(head.updated)
    return wait and updated and updated + wait * 1000
  end
  if FINISHED[head.status] then
    other = afterUpdate(head.deleteAfter)
  elseif head.status == 'running' then
    if head.owner == '' then other = afterUpdate(head.silence) else other = tonumber(head.expires) end
  end
  if other and not (due and due < other) then due = other end
  return due and num(math.ceil(due))
end
`;

/** A list of Lua strings, of values that hold no `]==]`. */
export function luaTable(values: Readonly<Record<string, string>>): string {
  const items = Object.entries(values).map(([name, value]) => `${name} = [==[${value}]==]`);
  return `{ ${items.join(", ")} }`;
}
