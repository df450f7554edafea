-- Takes entries of one shard for a consumer, without waiting.
-- KEYS: the streams, the most urgent first.
-- ARGV: the group, the consumer, how many in all, then how many of each stream in their turns.
-- Returns which streams had fewer than was asked of them (1 or 0), and the entries as (stream, id, order).
local short, taken = {}, {}

local function take(stream, count)
  if count <= 0 or short[stream] == 1 then
    return
  end
  local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', count, 'STREAMS', KEYS[stream], '>')
  local entries = reply and reply[1][2] or {}
  for _, entry in ipairs(entries) do
    taken[#taken + 1] = { tostring(stream), entry[1], entry[2][2] or '' }
  end
  if #entries < count then
    short[stream] = 1
  end
end

for stream = 1, #KEYS do
  short[stream] = 0
end
for stream = 1, #KEYS do
  take(stream, tonumber(ARGV[3 + stream]))
end
for stream = 1, #KEYS do
  take(stream, tonumber(ARGV[3]) - #taken)
end
return { short, taken }
