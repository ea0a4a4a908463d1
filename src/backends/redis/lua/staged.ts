import { partFunctions } from "./parts.ts";
import { prelude, time } from "./prelude.ts";

/** Notes when a frame was staged, before it is: so that none looks older than it is. */
const note = `
local function note(staging, id, now, life)
  redis.call('ZADD', staging, num(now), id)
  redis.call('PEXPIRE', staging, life)
end
`;

/**
 * KEYS: the set of what is staged. ARGV: for how many milliseconds frames stay, how far ahead the clock is, the ids.
 * Short, for its text goes along with the frames.
 */
export const noteScript = `${time}${note}
local now = clock(ARGV[2])
for i = 3, #ARGV do note(KEYS[1], ARGV[i], now, ARGV[1]) end
return 'noted'
`;

/**
 * KEYS: what the parts become, the set of what is staged. ARGV: the parts, for how many milliseconds it stays, how far
 * ahead the clock is, its id. Answers what became of it.
 */
export const joinScript =
  prelude +
  partFunctions +
  note +
  `
local list = parts(ARGV[1])
if not areWhole(list) then
  dropParts(list)
  return 'parts'
end
note(KEYS[2], ARGV[4], clock(ARGV[3]), ARGV[2])
if join(list, KEYS[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 'joined'
end
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[4])
dropParts(list)
return 'frame_too_large'
`;

/**
 * Takes away frames that were staged so long ago, and that no commit has named since. KEYS: the set of what is staged.
 * ARGV: what an id follows, how many milliseconds ago, how far ahead the clock is. Answers how many went.
 */
export const collectScript = `${time}
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', num(clock(ARGV[3]) - ARGV[2]))
local gone = 0
for _, id in ipairs(old) do
  gone = gone + redis.call('UNLINK', ARGV[1] .. id)
  redis.call('ZREM', KEYS[1], id)
end
return gone
`;
