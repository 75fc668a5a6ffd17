"""The queue's Lua scripts: each is one atomic step and one round trip, whatever its size.

A queue named Q has seven keys, and every script is handed all of them in this order:

    Q          ZSET    deferred jobs and retries by due time in ms; arq's own set, so a stock arq client may fill it
    Q:wait     ZSET    the waiting room: ready jobs by virtual start time
    Q:stream   STREAM  admitted jobs; an entry goes with its acknowledgement, so XLEN is queued plus running
    Q:clock    HASH    virtual time (``:now``) and each waiting owner's next start time
    Q:fleet    HASH    each worker's slots and until when that counts; ``:window`` is how long the stream may be
    Q:entries  HASH    job id to stream entry, so that a job whose entry vanished is not taken to be queued
    Q:traces   HASH    job id to the ``traceparent`` that its entry carries, from when it is enqueued until it is done

Time is the server's, so that no worker's clock matters. Redis Cluster is not supported, as it is not by arq.
"""

from typing import Final

GROUP: Final = "workers"

_SMALLEST_WINDOW: Final = 2
"""The window while no worker is known: jobs must show on the stream for an autoscaler to start the first one."""


def queue_keys(queue: str) -> list[str]:
    """Name the seven keys of a queue, in the order that the scripts expect."""
    return [queue, *(f"{queue}:{part}" for part in ("wait", "stream", "clock", "fleet", "entries", "traces"))]


# Start-time fair queueing (Goyal, Vin and Cheng 1996) with every job costing the same: an owner's next job starts one
# unit after their last one, but never in the past, and the lowest start time is admitted first. Admission runs at the
# end of every script that can make room, so nothing has to poll for it. What can fail for want of memory comes first,
# since Redis does not undo the first half of a script.
_QUEUE: Final = f"""
local Q, W, S, V, F, E, T = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local G = '{GROUP}'

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function virtual_now() return tonumber(redis.call('HGET', V, ':now') or '0') end

local function wait_a_turn(id, owner)
  local start = math.max(virtual_now(), tonumber(redis.call('HGET', V, owner) or '0'))
  redis.call('HSET', V, owner, start + 1)
  redis.call('ZADD', W, start, id)
end

local function wait_in_front(id) redis.call('ZADD', W, virtual_now(), id) end

local function admit()
  local window = tonumber(redis.call('HGET', F, ':window') or '{_SMALLEST_WINDOW}')
  local room = window - redis.call('XLEN', S)
  if room <= 0 then return end
  local first = redis.call('ZRANGE', W, 0, room - 1, 'WITHSCORES')
  for i = 1, #first, 2 do
    local id, trace = first[i], redis.call('HGET', T, first[i])
    redis.call('HSET', E, id, redis.call('XADD', S, '*', 'id', id, unpack(trace and {{'traceparent', trace}} or {{}})))
    redis.call('HSET', V, ':now', first[i + 1])
    redis.call('ZREM', W, id)
  end
  if redis.call('EXISTS', W) == 0 then redis.call('DEL', V) end
end

local function mine(consumer, entry)
  local pending = redis.pcall('XPENDING', S, G, entry, entry, 1, consumer)
  return not pending.err and #pending == 1
end
"""

# KEYS 8.. the job's payload, its in-progress mark (cron only)
# ARGV id, payload, expiry ms, delay ms, owner, traceparent or nothing
# -> 1 when it was added, 0 when it is there already. Asking again keeps the payload of a long waiting job alive.
ENQUEUE: Final = (
    _QUEUE
    + """
local id, payload, expiry, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local entry = redis.call('HGET', E, id)
if redis.call('ZSCORE', Q, id) or redis.call('ZSCORE', W, id)
  or (entry and #redis.call('XRANGE', S, entry, entry) == 1) then
  if redis.call('PEXPIRE', KEYS[8], expiry) == 0 then redis.call('SET', KEYS[8], payload, 'PX', expiry) end
  return 0
end
if redis.call('EXISTS', KEYS[9]) == 1 then return 0 end
redis.call('SET', KEYS[8], payload, 'PX', expiry)
if ARGV[6] ~= '' then redis.call('HSET', T, id, ARGV[6]) else redis.call('HDEL', T, id) end
if delay > 0 then redis.call('ZADD', Q, now() + delay, id) return 1 end
wait_a_turn(id, ARGV[5])
admit()
return 1
"""
)

# Deferred jobs that are due become ready; they waited already, so they go in front.
PROMOTE: Final = (
    _QUEUE
    + """
for _, id in ipairs(redis.call('ZRANGEBYSCORE', Q, '-inf', now(), 'LIMIT', 0, 500)) do
  wait_in_front(id)
  redis.call('ZREM', Q, id)
end
admit()
"""
)

# ARGV consumer, slots, ms that this holds, entry...: announce the slots (0: gone), set the window to twice the fleet's,
# reset the idle time of the entries that are still mine -> the entries that are not.
RENEW: Final = (
    _QUEUE
    + f"""
local consumer, slots, time, fleet = ARGV[1], tonumber(ARGV[2]), now(), 0
if slots > 0 then redis.call('HSET', F, consumer, slots .. ' ' .. string.format('%d', time + ARGV[3]))
else redis.call('HDEL', F, consumer) end
local announced = redis.call('HGETALL', F)
for i = 1, #announced, 2 do
  local count, till = string.match(announced[i + 1], '^(%d+) (%d+)$')
  if count and tonumber(till) > time then fleet = fleet + count
  elseif count then redis.call('HDEL', F, announced[i]) end
end
redis.call('HSET', F, ':window', string.format('%d', math.max(2 * fleet, {_SMALLEST_WINDOW})))
local lost = {{}}
for i = 4, #ARGV do
  if mine(consumer, ARGV[i]) then redis.call('XCLAIM', S, G, consumer, 0, ARGV[i], 'JUSTID')
  else lost[#lost + 1] = ARGV[i] end
end
return lost
"""
)

# KEYS 8.. payload, in-progress mark, tries; ARGV consumer, entry, id, delay ms or -1 when done, ms to keep the mark
# -> 1, or 0 where the entry is no longer mine, and then nothing was touched.
SETTLE: Final = (
    _QUEUE
    + """
local consumer, entry, id, delay, keep = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if not mine(consumer, entry) then return 0 end
if keep > 0 then redis.call('SET', KEYS[9], '1', 'PX', keep) end
if delay > 0 then redis.call('ZADD', Q, now() + delay, id)
elseif delay == 0 then wait_in_front(id) end
redis.call('XACK', S, G, entry)
redis.call('XDEL', S, entry)
if redis.call('HGET', E, id) == entry then
  redis.call('HDEL', E, id)
  if delay < 0 then
    redis.call('DEL', KEYS[8], KEYS[10])
    redis.call('HDEL', T, id)
  end
end
admit()
return 1
"""
)

# ARGV consumer, ms: forget this consumer, and others silent for so long, unless they still hold entries: those must
# stay until they are taken over, since deleting a consumer deletes its list of entries.
FORGET: Final = (
    _QUEUE
    + """
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', S, G)) do
  local name, pending, idle = consumer[2], consumer[4], consumer[6]
  if pending == 0 and (name == ARGV[1] or idle > tonumber(ARGV[2])) then
    redis.call('XGROUP', 'DELCONSUMER', S, G, name)
  end
end
"""
)
