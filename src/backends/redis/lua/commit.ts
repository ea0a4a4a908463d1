import { WRITES_KEPT } from "../../../model/head.ts";
import { check } from "./check.ts";
import { constants, effects } from "./effects.ts";
import { prelude } from "./prelude.ts";

/**
 * Writes what was decided. A script that fails halfway is not rolled back: every read, decoding and look at a
 * key's type is done before the first write. Without parts the first write is one that a full store refuses, but
 * where the commit frees memory.
 */
const write = `
local function chunked(command, key, list)
  for i = 1, #list, 1000 do
    redis.call(command, key, unpack(list, i, math.min(i + 999, #list)))
  end
end

local function unlink(frames)
  for _, frame in ipairs(frames) do redis.call('UNLINK', a.frames .. frame) end
end

local function dueAt(head)
  return head and head.deleted == '0' and head.status == 'running' and head.owner ~= '' and head.expires or nil
end

-- The keys that are to be written must be of their kind: found out by reading.
local function checkKinds()
  redis.call('ZSCORE', INDEX, a.member)
  redis.call('ZSCORE', DUE, a.dueMember)
  redis.call('ZCARD', EVENTS)
  redis.call('ZCARD', ORDER)
  redis.call('HLEN', RECORDS)
  redis.call('HLEN', NAMED)
end

-- A full store refuses a script's first write alone, and only one that may take memory: a frame without a name,
-- which no pipeline has, is taken away before.
local function makeWay()
  if a.frees then redis.call('DEL', a.frames) end
end

local function writeHead()
  local list = {}
  for name, value in pairs(n) do
    if not h or h[name] ~= value then
      list[#list + 1] = name
      list[#list + 1] = value
    end
  end
  redis.call('HSET', HEAD, unpack(list))
end

local function writeDue()
  local was, is = dueAt(h), dueAt(n)
  if is and is ~= was then
    redis.call('ZADD', DUE, is, a.dueMember)
  elseif was and not is then
    redis.call('ZREM', DUE, a.dueMember)
  end
end

-- Answers whether the server takes it: APPEND alone can fail, where a string may not become so long.
local function writeFrame(id, bytes, of)
  if not id then return true end
  local key = a.frames .. id
  if bytes then return redis.call('SET', key, bytes) end
  redis.call('RENAME', of[1].key, key)
  redis.call('PERSIST', key)
  for i = 2, #of do
    local length = redis.pcall('APPEND', key, redis.call('GET', of[i].key))
    if type(length) == 'table' then return false end
    redis.call('UNLINK', of[i].key)
  end
  return true
end

local function writeCheckpoints()
  for id, record in pairs(changed) do redis.call('HSET', RECORDS, id, record) end
  if checkpoint then redis.call('ZADD', ORDER, checkpoint[2], a.checkpoint) end
  for id in pairs(dropped) do
    redis.call('HDEL', RECORDS, id)
    redis.call('ZREM', ORDER, id)
  end
  for frame, count in pairs(counts) do
    if count > 0 then redis.call('HSET', NAMED, frame, num(count)) else redis.call('HDEL', NAMED, frame) end
  end
end

local function remember(record)
  redis.call('RPUSH', WRITES, record)
  redis.call('LTRIM', WRITES, -${WRITES_KEPT}, -1)
  writes[#writes + 1] = record
  if #writes > ${WRITES_KEPT} then table.remove(writes, 1) end
end

if a.remove then
  n = freshHead(before.created)
  n.updated, n.deleted = at, '1'
  n.version, n.sequence = before.version, before.sequence
  n.revision, n.fence = num(before.revision + 1), num(before.fence + 1)
  local record = writeRecord('null')
  local frames = redis.call('HKEYS', NAMED)
  for _, state in ipairs({ current or {}, unpack(history) }) do frames[#frames + 1] = state[5] end
  checkKinds()
  makeWay()
  writeHead()
  redis.call('DEL', WRITES)
  writes = {}
  remember(record)
  redis.call('ZREM', INDEX, a.member)
  writeDue()
  unlink(frames)
  unstage()
  redis.call('UNLINK', RECORDS, ORDER, NAMED, EVENTS)
  return answer('applied', record, flatten(n))
end

applySettings()
applyState()
applyStatus()
applyLease()
applyChanges()
applyCheckpoint()
n.state = current and flow({ current }) or ''
n.history = flow(history)
local record = writeRecord(a.note)
local records = eventRecords()
checkKinds()
if a.checkpoint and redis.call('HEXISTS', RECORDS, a.checkpoint) == 1 then return refuse('checkpoint_exists') end
makeWay()

-- Frames come first: as long as no head names them they are not there.
local written = writeFrame(a.stateFrameId, a.stateBytes, staged.state)
  and writeFrame(a.dataFrameId, a.dataBytes, staged.data)
if not written then
  unlink({ a.stateFrameId or a.dataFrameId, a.dataFrameId })
  return refuse('frame_too_large')
end
writeHead()
remember(record)
writeCheckpoints()
chunked('ZADD', EVENTS, records)
if created then redis.call('ZADD', INDEX, 0, a.member) end
writeDue()
unlink(released)
return answer('applied', record, flatten(n))
`;

/** One commit: KEYS as `PipelineKeys` in order, then the index and `due`; ARGV: names and values in turn. */
export const commitScript = prelude + constants + check + effects + write;
