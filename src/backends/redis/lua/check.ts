import { NONE } from "../fields.ts";

/**
 * Reads what is stored and decides whether the commit may be applied: `applyCommit`'s checks, in their order.
 * Defines for what follows: `a` (arguments), `h` (head or nil), `gone`, `current`, `history`, `writes`, `now`,
 * `refuse(why)`. Nothing is written, but a refused commit's parts are taken away.
 */
export const check = String.raw`
local NONE = '${NONE}'
local HEAD, WRITES, RECORDS, ORDER, NAMED, EVENTS, INDEX, DUE = unpack(KEYS)
local a = fields(ARGV)
local now = clock(a.ahead)
local at = num(now)
local flat = redis.call('HGETALL', HEAD)
local h = #flat > 0 and fields(flat) or nil
local writes = redis.call('LRANGE', WRITES, 0, -1)

local function answer(status, record, head)
  return { status, record, head, remembered(writes) }
end

-- A later release's record, or a damaged one: the driver says which.
if h and h.format ~= num(FORMAT) then return answer('format', '', flat) end

local function states(records)
  local all, found = lines(records), {}
  for i = 1, #all, STATE_LINES do found[#found + 1] = { unpack(all, i, i + STATE_LINES - 1) } end
  return found
end

local gone = h ~= nil and h.deleted == '1'
local current = h and states(h.state)[1]
local history = h and states(h.history) or {}

-- The frames that came ahead of this commit in parts, and by it alone.
local inParts = { state = parts(a.stateParts), data = parts(a.dataParts) }

local function unpart()
  for _, list in pairs(inParts) do dropParts(list) end
end

local function refuse(why)
  unpart()
  return answer(why, '', flat)
end

local live = h and h.owner ~= '' and now < tonumber(h.expires)

local function checkExistence()
  if not h then return a.create == 'never' and 'not_found' end
  return gone and a.create ~= 'anew' and 'pipeline_deleted'
end

local function checkFence()
  if not h or a.force then return nil end
  if gone then return a.fence and a.fence ~= h.fence and 'fence_lost' end
  if a.take then return live and h.owner ~= a.take and 'lease_held' end
  if not a.fence then return (live or a.renew or a.release) and 'lease_held' end
  if a.fence ~= h.fence then return 'fence_lost' end
  return a.renew and h.owner == '' and 'fence_lost'
end

local function checkPosition()
  if a.state == 'absent' and current then return 'state_exists' end
  if a.state == 'present' and not current then return 'no_state' end
  if a.version and a.version ~= (h and h.version or '0') then return 'version_mismatch' end
  if a.revision and a.revision ~= (h and h.revision or '0') then return 'revision_mismatch' end
  return a.base and a.base ~= (current and current[5]) and 'base_mismatch'
end

local function checkStatus()
  if not h then return nil end
  if a.resumed then
    return (h.status == 'completed' or h.status == 'cancelled') and 'invalid_transition'
  end
  if not a.status or a.status == h.status then return nil end
  if a.status == 'interrupted' then return h.status ~= 'running' and 'invalid_transition' end
  return FINISHED[h.status] and 'invalid_transition'
end

-- Checkpoints to drop or to mark: id, how, id, how.
local changes = lines(a.changes or '')

-- Frames that were staged, and now are to stay: id, bytes, id, bytes.
local adopted = lines(a.stateStaged or '')

-- Whoever staged it may speak another protocol: its first letter tells how it is packed.
local function isStaged(id, bytes)
  local key = a.staged .. id
  local packed = redis.call('GETRANGE', key, 0, 0) == 'b' and 4 * math.ceil(bytes / 3) or bytes
  return redis.call('STRLEN', key) == 1 + packed
end

local function checkTargets()
  for i = 1, #changes, 2 do
    if redis.call('HEXISTS', RECORDS, changes[i]) == 0 then return 'checkpoint_not_found' end
  end
  if a.checkpoint and not a.dataFrame and not a.stateFrame and not current then return 'no_state' end
  for i = 1, #adopted, 2 do
    if not isStaged(adopted[i], adopted[i + 1]) then return 'frames_missing' end
  end
end

local function checkParts()
  for _, list in pairs(inParts) do
    if not areWhole(list) then return 'parts' end
  end
end

for i = #writes, 1, -1 do
  if string.sub(writes[i], 1, #a.id + 1) == a.id .. '\n' then
    if lines(writes[i])[2] ~= a.digest then return refuse('idempotency_mismatch') end
    unpart()
    return answer('replayed', writes[i], flat)
  end
end

local why = checkExistence() or checkFence() or checkPosition() or checkStatus() or checkTargets()
  or checkParts()
if why then return refuse(why) end
`;
