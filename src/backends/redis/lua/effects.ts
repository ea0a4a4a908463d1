import { VERSIONS_KEPT } from "../../../model/head.ts";
import { freshHead } from "../../fresh.ts";
import { encodeBareHead, SETTINGS, STATE_LINES } from "../fields.ts";
import { luaTable } from "./prelude.ts";

const nobody = { tenant: "", pipelineId: "" };
const fresh = encodeBareHead(freshHead(nobody, new Date(0).toISOString()));

/** What the checks and the effects take from the model, so that it is said once. */
export const constants = `
local STATE_LINES = ${STATE_LINES}
local VERSIONS_KEPT = ${VERSIONS_KEPT}
local SETTINGS = { ${SETTINGS.map((name) => `'${name}'`).join(", ")} }

local function freshHead(at)
  local head = ${luaTable(fresh)}
  head.created = at
  head.updated = at
  return head
end
`;

/**
 * What the commit makes of the head: `applyCommit`'s effects, in their order. Nothing is written yet: what is
 * to be written is gathered in `n` (the next head), `released`, `dropped`, `changed`, `counts`, `added`.
 */
export const effects = String.raw`
local created = not h or gone
local before = h
if created then
  before = freshHead(at)
  for _, name in ipairs({ 'revision', 'version', 'fence', 'sequence' }) do
    if h then before[name] = h[name] end
  end
end

local n = {}
for name, value in pairs(before) do n[name] = value end
n.revision = num(before.revision + 1)
n.updated = at

-- Frames that nothing names any more, and by checkpoint id: what is gone, and records made or changed.
local released, dropped, changed = {}, {}, {}
-- By frame id: how many checkpoints name it, where that changes.
local counts = {}

local function named(frame)
  if not counts[frame] then counts[frame] = tonumber(redis.call('HGET', NAMED, frame) or 0) end
  return counts[frame]
end

local function applySettings()
  for _, name in ipairs(SETTINGS) do
    local value = a['settings.' .. name]
    if value then n[name] = value end
  end
end

-- Lines of a state: version, savedAt, verified, checkpointed, frame id, content, frame, restoredFrom.
local function applyState()
  if not a.stateFrame then return end
  local older, kept = { current, unpack(history) }, {}
  if not current then older = history end
  for i, state in ipairs(older) do
    if not (i == 1 and a.dropReplaced) and #kept < VERSIONS_KEPT then
      kept[#kept + 1] = state
    elseif state[4] == '0' then
      released[#released + 1] = state[5]
    end
  end
  history = kept
  n.version = num(n.version + 1)
  if n.status == 'interrupted' and a.stateRestored == 'null' then n.status = 'running' end
  current = { n.version, at, a.stateVerified, '0', a.stateFrameId, a.stateContent, a.stateFrame, a.stateRestored }
end

local function applyStatus()
  if a.resumed then
    n.status = 'running'
    n.attempt = num(n.attempt + 1)
  elseif a.status then
    n.status = a.status
  end
end

local function setLease(owner, ttl, expires)
  n.owner, n.ttl, n.expires = owner, ttl, expires
end

local function expiry(ttl)
  return num(math.floor(now + ttl * 1000))
end

local function applyLease()
  if a.take then
    n.fence = num(n.fence + 1)
    setLease(a.take, a.ttl, expiry(a.ttl))
  elseif a.force and n.owner ~= '' then
    n.fence = num(n.fence + 1)
    setLease('', '', '')
  elseif a.release or (a.status and FINISHED[n.status]) then
    setLease('', '', '')
  elseif a.renew and n.owner ~= '' then
    setLease(n.owner, a.ttl or n.ttl, expiry(a.ttl or n.ttl))
  end
  if not (a.stateFrame or a.checkpoint) or n.owner == '' or a.fence ~= n.fence then return end
  local renewed = expiry(n.ttl)
  if tonumber(renewed) > tonumber(n.expires) then n.expires = renewed end
end

-- No checkpoint names the frame any more: it goes, unless a version that is kept has it.
local function letGo(frame)
  local held = false
  for _, state in ipairs({ current or {}, unpack(history) }) do
    if state[5] == frame then
      state[4] = '0'
      held = true
    end
  end
  if not held then released[#released + 1] = frame end
end

local function newestLeft()
  for rank = 0, #changes / 2 do
    local id = redis.call('ZREVRANGE', ORDER, rank, rank)[1]
    if not id then return '' end
    if not dropped[id] then return changed[id] or redis.call('HGET', RECORDS, id) end
  end
  return ''
end

-- Lines of a checkpoint: format, sequence, version, createdAt, source, verified, quarantinedAt, frame id,
-- checkpoint id, label, metadata, reason, content, frame.
local function applyChanges()
  if #changes == 0 then return end
  local count = redis.call('HLEN', RECORDS)
  for i = 1, #changes, 2 do
    local id = changes[i]
    local record = lines(redis.call('HGET', RECORDS, id))
    if changes[i + 1] == 'drop' then
      dropped[id] = true
      count = count - 1
      counts[record[8]] = named(record[8]) - 1
    else
      record[6] = '0'
      if record[7] == NONE then record[7] = at end
      changed[id] = table.concat(record, '\n')
    end
  end
  for frame, left in pairs(counts) do
    if left < 1 then letGo(frame) end
  end
  n.count = num(count)
  n.last = newestLeft()
end

local checkpoint = nil

local function applyCheckpoint()
  if not a.checkpoint then return end
  local source, verified, frameId, content, frame = 'data', '1', a.dataFrameId, a.dataContent, a.dataFrame
  if not frame then
    source, verified, frameId, content, frame = 'state', current[3], current[5], current[6], current[7]
    current[4] = '1'
  end
  n.sequence = num(n.sequence + 1)
  n.count = num(n.count + 1)
  checkpoint = { num(FORMAT), n.sequence, n.version, at, source, verified, NONE, frameId,
    a.checkpoint, a.label, a.metadata, a.reason, content, frame }
  n.last = table.concat(checkpoint, '\n')
  changed[a.checkpoint] = n.last
  counts[frameId] = named(frameId) + 1
end

-- Lines of a write: id, digest, at, revision, version, fence, attempt, created, content, checkpoint id,
-- sequence, reason, verified, expiresAt, note.
local function writeRecord(note)
  local content = checkpoint and checkpoint[13] or a.stateFrame and not a.remove and current[6] or 'null'
  local made = not a.remove and (created or (a.stateFrame and before.state == ''))
  local expires = n.expires ~= '' and n.expires or NONE
  local about = { NONE, '0', 'null', '0' }
  if checkpoint then about = { a.checkpoint, checkpoint[2], a.reason, checkpoint[6] } end
  return table.concat({ a.id, a.digest, at, n.revision, n.version, n.fence, n.attempt, made and '1' or '0',
    content, about[1], about[2], about[3], about[4], expires, note }, '\n')
end

-- Lines of an event: format, event id, at, version, fence, the rest. By order: revision and index in one number.
local function eventRecords()
  local drafts, records = lines(a.events or ''), {}
  local function add(draft)
    local index = #records / 2
    records[#records + 1] = num(n.revision * 10000 + index)
    records[#records + 1] = table.concat(
      { num(FORMAT), n.revision .. '-' .. num(index), at, n.version, n.fence, draft }, '\n')
  end
  if created then add('{"type":"created"}') end
  for i = 1, #drafts, 2 do
    if drafts[i] ~= a.status or before.status ~= a.status then add(drafts[i + 1]) end
  end
  return records
end

local function flow(list)
  local joined = {}
  for i, state in ipairs(list) do joined[i] = table.concat(state, '\n') end
  return table.concat(joined, '\n')
end
`;
