/** What becomes of strings that are too long for one request: they come in parts, which expire. */
export const partFunctions = `
-- As they are told: the key of each, its length, its SHA-1.
local function parts(listed)
  local all, found = lines(listed or ''), {}
  for i = 1, #all, 3 do found[#found + 1] = { key = all[i], length = tonumber(all[i + 1]), sha1 = all[i + 2] } end
  return found
end

local function areWhole(list)
  for _, part in ipairs(list) do
    local value = redis.call('GET', part.key)
    if not value or #value ~= part.length or redis.sha1hex(value) ~= part.sha1 then return false end
  end
  return true
end

local function dropParts(list)
  for _, part in ipairs(list) do redis.call('UNLINK', part.key) end
end

-- Puts them together as one string, which expires as the first of them did. Answers whether the server takes it:
-- APPEND alone can fail, where a string may not become so long.
local function join(list, key)
  redis.call('RENAME', list[1].key, key)
  for i = 2, #list do
    local length = redis.pcall('APPEND', key, redis.call('GET', list[i].key))
    if type(length) == 'table' then return false end
    redis.call('UNLINK', list[i].key)
  end
  return true
end
`;
