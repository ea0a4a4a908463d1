import { dueFunction, prelude } from "./prelude.ts";

/** Of each frame its length and its first bytes, of all of them no more than `room`; a length of 0: it is not there. */
const frames = `
local function starts(prefix, ids, room)
  local found = {}
  for i, id in ipairs(ids) do
    -- Without room: GETRANGE to the end would be all of it.
    local first = room > 0 and redis.call('GETRANGE', prefix .. id, 0, room - 1) or ''
    found[i] = { redis.call('STRLEN', prefix .. id), first }
    room = room - #first
  end
  return found
end
`;

/** As the model's: a frame's JSON is ours, and no text in it can read `"links":"`, for quotes are escaped. */
const links = `
local function linksOf(id, ref)
  local links = string.match(ref or '', '"links":"([^"]*)"')
  if not links then return { id } end
  local chain = chainOf(id)
  local found = { chain .. '.0' }
  for link in string.gmatch(links, '[^.]+') do found[#found + 1] = chain .. '.' .. #found .. '-' .. link end
  return found
end
`;

/** KEYS: head, writes. ARGV: what a frame id follows, how many bytes of the state's frames; "0" for none. */
export const loadScript =
  prelude +
  frames +
  links +
  `
local flat = redis.call('HGETALL', KEYS[1])
if #flat == 0 then return false end
local head = fields(flat)
local room, found = tonumber(ARGV[2]), {}
-- What is no head of this release has no frames: the driver says what it is.
local state = head.format == num(FORMAT) and lines(head.state or '') or {}
if room > 0 and state[5] then found = starts(ARGV[1], linksOf(state[5], state[7]), room) end
return { flat, remembered(redis.call('LRANGE', KEYS[2], 0, -1)), found }
`;

/**
 * KEYS: the checkpoints. ARGV: what a frame id follows, how many bytes of frames, a checkpoint's id. Answers its record
 * and the starts of the frames that it names: later deltas of the same chain are not its own.
 */
export const checkpointScript =
  prelude +
  frames +
  links +
  `
local record = redis.call('HGET', KEYS[1], ARGV[3])
if not record then return false end
local line, found = lines(record), {}
if line[1] == num(FORMAT) and line[8] then found = starts(ARGV[1], linksOf(line[8], line[14]), tonumber(ARGV[2])) end
return { record, found }
`;

/** KEYS: what a frame id follows. ARGV: how many bytes altogether, the ids. */
export const framesScript = `${frames}return starts(KEYS[1], { unpack(ARGV, 2) }, tonumber(ARGV[1]))`;

/**
 * One page of a sorted set, newest first. KEYS: the set; the hash with the records of its members, else they
 * are the records. ARGV: below which score, how many, how many to look at, about how many bytes, a label.
 * Answers where to go on ("" at the end), then the records.
 */
export const pageScript =
  prelude +
  `
local want, look, room, label = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', 0, look)
local page = { '' }
for i = 1, #found, 2 do
  if #page > want or room <= 0 then return page end
  local record = found[i]
  if KEYS[2] then record = redis.call('HGET', KEYS[2], found[i]) end
  if record and (not label or lines(record)[10] == label) then
    page[#page + 1] = record
    room = room - #record
  end
  page[1] = num(found[i + 1])
end
if #found < look * 2 then page[1] = '' end
return page
`;

/**
 * One page of a tenant's pipelines by id. KEYS: the index. ARGV: prefix, tenant, after which id, how many, how
 * many to look at, about how many bytes, then a status and a kind, "" for any. Answers where to go on ("" at
 * the end), then id, fields and writes of each.
 */
export const pipelinesScript =
  prelude +
  `
local prefix, tenant, after = ARGV[1], ARGV[2], ARGV[3]
local want, look, room = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local from = after == '' and '-' or '(' .. after
local ids = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, look)
local page = { '' }
for _, id in ipairs(ids) do
  if #page > want * 3 or room <= 0 then return page end
  local key = prefix .. '{' .. tenant .. ':' .. id .. '}:'
  local head = redis.call('HMGET', key .. 'head', 'status', 'kind')
  if head[1] and (ARGV[7] == '' or ARGV[7] == head[1]) and (ARGV[8] == '' or ARGV[8] == head[2]) then
    local flat = redis.call('HGETALL', key .. 'head')
    local writes = remembered(redis.call('LRANGE', key .. 'writes', 0, -1))
    page[#page + 1] = id
    page[#page + 1] = flat
    page[#page + 1] = writes
    room = room - size(flat) - #writes
  end
  page[1] = id
end
if #ids < look then page[1] = '' end
return page
`;

/**
 * Claims pipelines whose time has come: each is offered again only when the claim has passed, or a commit gives it
 * another time. What waits for nothing any more is taken out. KEYS: due. ARGV: prefix, how many, about how many bytes, for how
 * many milliseconds, how far ahead the clock is. Answers whether there may be more, then member, fields, writes.
 */
export const dueScript =
  prelude +
  dueFunction +
  `
local prefix, want, room, hold = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = clock(ARGV[5])
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', num(now), 'LIMIT', 0, want)
local page = { #members < want and '' or 'more' }

-- A head that this release cannot read is left to another: it must not stop the others.
local function read(member)
  local flat = redis.pcall('HGETALL', prefix .. '{' .. member .. '}:head')
  return flat.err and {} or flat, flat.err
end

-- A full store refuses a script's first write where it may take memory: without this it could never find out what is
-- to go. There is no such key.
if #members > 0 then redis.call('DEL', KEYS[1] .. '+') end

for _, member in ipairs(members) do
  if room <= 0 then
    page[1] = 'more'
    return page
  end
  local flat, failed = read(member)
  local head = fields(flat)
  local foreign = failed or (head.format and head.format ~= num(FORMAT))
  local due = not foreign and dueAt(head)
  if foreign then
    redis.call('ZADD', KEYS[1], num(now + hold), member)
  elseif not due then
    redis.call('ZREM', KEYS[1], member)
  elseif tonumber(due) > now then
    redis.call('ZADD', KEYS[1], due, member)
  else
    local writes = remembered(redis.call('LRANGE', prefix .. '{' .. member .. '}:writes', 0, -1))
    page[#page + 1] = member
    page[#page + 1] = flat
    page[#page + 1] = writes
    room = room - size(flat) - #writes
    redis.call('ZADD', KEYS[1], num(now + hold), member)
  end
end
return page
`;
