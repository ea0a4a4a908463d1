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

-- The versions that are kept, newest first.
local function versions()
  local found = { unpack(history) }
  if current then table.insert(found, 1, current) end
  return found
end

-- Chains that nothing names any more, and by checkpoint id: what is gone, and records made or changed.
local released, dropped, changed = {}, {}, {}
-- By chain: how many checkpoints name a frame of it, where that changes.
local counts = {}

local function count(frame, by)
  local chain = chainOf(frame)
  counts[chain] = (counts[chain] or tonumber(redis.call('HGET', NAMED, chain) or 0)) + by
end

local function applySettings()
  for _, name in ipairs(SETTINGS) do
    local value = a['settings.' .. name]
    if value then n[name] = value end
  end
  for _, name in ipairs({ 'silence', 'deleteAfter', 'care', 'lookAt' }) do
    if a[name] then n[name] = a[name] end
  end
end

-- Lines of a state: version, savedAt, verified, checkpointed, frame id, content, frame, restoredFrom.
local function applyState()
  if not a.stateFrame then return end
  local older, kept = versions(), {}
  local chain, checkpointed = chainOf(a.stateFrameId), '0'
  local held = { [chain] = true }
  for i, state in ipairs(older) do
    if not (i == 1 and a.dropReplaced) and #kept < VERSIONS_KEPT then
      kept[#kept + 1] = state
      held[chainOf(state[5])] = true
    end
    if state[4] == '1' and chainOf(state[5]) == chain then checkpointed = '1' end
  end
  for _, state in ipairs(older) do
    if state[4] == '0' and not held[chainOf(state[5])] then released[chainOf(state[5])] = true end
  end
  history = kept
  n.version = num(n.version + 1)
  if n.status == 'interrupted' and a.stateRestored == 'null' then n.status = 'running' end
  current = { n.version, at, a.stateVerified, checkpointed, a.stateFrameId, a.stateContent, a.stateFrame,
    a.stateRestored }
end

local function applyVerified()
  if a.verified and current then current[3] = '1' end
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

-- Says of the versions in a chain whether a checkpoint names it; answers whether there are any.
local function mark(chain, checkpointed)
  local held = false
  for _, state in ipairs(versions()) do
    if chainOf(state[5]) == chain then
      state[4] = checkpointed
      held = true
    end
  end
  return held
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
  local left = redis.call('HLEN', RECORDS)
  for i = 1, #changes, 2 do
    local id = changes[i]
    local record = lines(redis.call('HGET', RECORDS, id))
    if changes[i + 1] == 'drop' then
      dropped[id] = true
      left = left - 1
      count(record[8], -1)
    else
      local whole = changes[i + 1] == 'verify'
      record[6] = whole and '1' or '0'
      if whole then record[7] = NONE elseif record[7] == NONE then record[7] = at end
      changed[id] = table.concat(record, '\n')
    end
  end
  for chain, naming in pairs(counts) do
    if naming < 1 and not mark(chain, '0') then released[chain] = true end
  end
  n.count = num(left)
  n.last = newestLeft()
end

local checkpoint = nil

local function applyCheckpoint()
  if not a.checkpoint then return end
  local source, verified, frameId, content, frame = 'data', '1', a.dataFrameId, a.dataContent, a.dataFrame
  if not frame then
    source, verified, frameId, content, frame = 'state', current[3], current[5], current[6], current[7]
  end
  mark(chainOf(frameId), '1')
  n.sequence = num(n.sequence + 1)
  n.count = num(n.count + 1)
  checkpoint = { num(FORMAT), n.sequence, n.version, at, source, verified, NONE, frameId,
    a.checkpoint, a.label, a.metadata, a.reason, content, frame }
  n.last = table.concat(checkpoint, '\n')
  changed[a.checkpoint] = n.last
  count(frameId, 1)
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
