import { WRITES_KEPT } from "../../../model/head.ts";
import { check } from "./check.ts";
import { constants, effects } from "./effects.ts";
import { partFunctions } from "./parts.ts";
import { dueFunction, prelude } from "./prelude.ts";

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

-- All frames of chains, whatever has become of them: read here, for a write may not be followed by what can fail.
local function framesOf(chains)
  local frames = {}
  for chain in pairs(chains) do
    frames[#frames + 1] = chain .. '.0'
    for _, frame in ipairs(redis.call('LRANGE', a.chains .. chain, 0, -1)) do frames[#frames + 1] = frame end
  end
  return frames
end

local function release(chains, frames)
  unlink(frames)
  for chain in pairs(chains) do redis.call('UNLINK', a.chains .. chain) end
end

-- The frames that this commit adds to their chains' lists.
local function addedFrames()
  local added = {}
  local function add(id)
    if id and id ~= chainOf(id) .. '.0' then added[#added + 1] = id end
  end
  add(a.stateFrameId)
  add(a.dataFrameId)
  for i = 1, #adopted, 2 do add(adopted[i]) end
  return added
end

-- The keys that are to be written must be of their kind: found out by reading.
local function checkKinds(frames)
  for _, frame in ipairs(frames) do redis.call('LLEN', a.chains .. chainOf(frame)) end
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

-- A commit that leaves the time as it is leaves the claim of whoever listed it, too.
local function writeDue()
  local was, is = h and dueAt(h), dueAt(n)
  if is and is ~= was then
    redis.call('ZADD', DUE, is, a.dueMember)
  elseif was and not is then
    redis.call('ZREM', DUE, a.dueMember)
  end
end

-- Answers whether the server takes it.
local function writeFrame(id, bytes, list)
  if not id then return true end
  local key = a.frames .. id
  if bytes then return redis.call('SET', key, bytes) end
  if not join(list, key) then return false end
  redis.call('PERSIST', key)
  return true
end

local function adopt()
  for i = 1, #adopted, 2 do
    local key = a.frames .. adopted[i]
    redis.call('RENAME', a.staged .. adopted[i], key)
    redis.call('PERSIST', key)
  end
end

local function writeCheckpoints()
  for id, record in pairs(changed) do redis.call('HSET', RECORDS, id, record) end
  if checkpoint then redis.call('ZADD', ORDER, checkpoint[2], a.checkpoint) end
  for id in pairs(dropped) do
    redis.call('HDEL', RECORDS, id)
    redis.call('ZREM', ORDER, id)
  end
  for chain, naming in pairs(counts) do
    if naming > 0 then redis.call('HSET', NAMED, chain, num(naming)) else redis.call('HDEL', NAMED, chain) end
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
  local chains = {}
  for _, chain in ipairs(redis.call('HKEYS', NAMED)) do chains[chain] = true end
  for _, state in ipairs(versions()) do chains[chainOf(state[5])] = true end
  local frames = framesOf(chains)
  checkKinds({})
  makeWay()
  writeHead()
  redis.call('DEL', WRITES)
  writes = {}
  remember(record)
  redis.call('ZREM', INDEX, a.member)
  writeDue()
  release(chains, frames)
  unpart()
  redis.call('UNLINK', RECORDS, ORDER, NAMED, EVENTS)
  return answer('applied', record, flatten(n))
end

applySettings()
applyState()
applyVerified()
applyStatus()
applyLease()
applyChanges()
applyCheckpoint()
n.state = current and flow({ current }) or ''
n.history = flow(history)
local record = writeRecord(a.note)
local records = eventRecords()
local added, frames = addedFrames(), framesOf(released)
checkKinds(added)
if a.checkpoint and redis.call('HEXISTS', RECORDS, a.checkpoint) == 1 then return refuse('checkpoint_exists') end
makeWay()

-- Frames come first: as long as no head names them they are not there.
local written = writeFrame(a.stateFrameId, a.stateBytes, inParts.state)
  and writeFrame(a.dataFrameId, a.dataBytes, inParts.data)
if not written then
  unlink({ a.stateFrameId or a.dataFrameId, a.dataFrameId })
  return refuse('frame_too_large')
end
adopt()
for _, frame in ipairs(added) do redis.call('RPUSH', a.chains .. chainOf(frame), frame) end
writeHead()
remember(record)
writeCheckpoints()
chunked('ZADD', EVENTS, records)
if created then redis.call('ZADD', INDEX, 0, a.member) end
writeDue()
release(released, frames)
return answer('applied', record, flatten(n))
`;

/** One commit: KEYS as `PipelineKeys` in order, then the index and `due`; ARGV: names and values in turn. */
export const commitScript = prelude + dueFunction + partFunctions + constants + check + effects + write;
