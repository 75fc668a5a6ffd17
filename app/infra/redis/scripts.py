"""The queue's Lua scripts: each is one atomic step and one round trip, whatever its size.

A queue named Q has seven keys, and every script is handed all of them in this order:

    Q         ZSET    deferred jobs and retries by due time in ms; arq's own set, so a stock arq client may fill it
    Q:wait    ZSET    the waiting room: ready jobs, each owner's side by side in their order
    Q:stream  STREAM  one entry for each job that runs, and for each that waits as far as the window has room
    Q:owners  HASH    each waiting owner's number; ``:last`` is the highest, ``:turn`` whose job was bound last
    Q:fleet   HASH    each worker's slots and until when that counts; ``:window`` is how long the stream may be
    Q:jobs    HASH    job id to JSON: ``owner``, ``trace`` (its ``traceparent``), ``since`` (ready, in ms), ``entry``
    Q:bound   HASH    stream entry to job id, from when a worker has it until it is settled

An entry is a token: there is a job to take. Which one is decided when a worker has the entry (late binding), so that
nobody waits behind what another only queued. An entry goes with its acknowledgement, so XLEN is queued plus running.

Time is the server's, so that no worker's clock matters. Redis Cluster is not supported, as it is not by arq.
"""

from typing import Final

GROUP: Final = "workers"

_SMALLEST_WINDOW: Final = 2
"""The window while no worker is known: jobs must show on the stream for an autoscaler to start the first one."""
_GRACE_MS: Final = 3000
"""So long a job waits for a slot to become free by itself."""


def queue_keys(queue: str) -> list[str]:
    """Name the seven keys of a queue, in the order that the scripts expect."""
    return [queue, *(f"{queue}:{part}" for part in ("wait", "stream", "owners", "fleet", "jobs", "bound"))]


# Max-min fairness (Bertsekas and Gallager, Data Networks, 6.5.2): a slot goes to the waiting owner with the fewest
# running jobs, and among equals by turns. An owner's jobs have scores of their own, their number * SPAN and up, so the
# first of each is found by skipping from owner to owner. Admission runs at the end of every script that can make room,
# so nothing has to poll for it. What can fail for want of memory comes first, since Redis does not undo the first half
# of a script.
_QUEUE: Final = f"""
local Q, W, S, V, F, J, B = unpack(KEYS, 1, 7)
local G, SPAN = '{GROUP}', 2 ^ 32

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function job_of(id)
  local found = redis.call('HGET', J, id)
  return found and cjson.decode(found) or {{owner = ''}}
end

-- Whether a job waits, runs or is deferred, so that it can really be delivered.
local function known(id)
  if redis.call('ZSCORE', Q, id) or redis.call('ZSCORE', W, id) then return true end
  local entry = job_of(id).entry
  return entry and #redis.call('XRANGE', S, entry, entry) == 1
end

local function note(id, job) redis.call('HSET', J, id, cjson.encode(job)) end

local function range_of(number) return number * SPAN, (number + 1) * SPAN - 1 end

local function wait(id, job, in_front)
  local number = redis.call('HGET', V, job.owner) or redis.call('HINCRBY', V, ':last', 1)
  redis.call('HSET', V, job.owner, number)
  job.since = now()
  note(id, job)
  local low, high = range_of(number)
  local found = in_front and redis.call('ZRANGEBYSCORE', W, low, high, 'WITHSCORES', 'LIMIT', 0, 1)
    or redis.call('ZREVRANGEBYSCORE', W, high, low, 'WITHSCORES', 'LIMIT', 0, 1)
  redis.call('ZADD', W, found[2] and found[2] + (in_front and -1 or 1) or low + SPAN / 2, id)
end

local function held() return redis.pcall('XPENDING', S, G)[1] or 0 end

local function admit()
  local window = tonumber(redis.call('HGET', F, ':window') or '{_SMALLEST_WINDOW}')
  local ready = held() + redis.call('ZCARD', W)
  for _ = redis.call('XLEN', S) + 1, math.min(window, ready) do
    redis.call('HDEL', B, redis.call('XADD', S, '*', 'job', 'any')) -- A stream that vanished may have had the same id.
  end
end

local function mine(consumer, entry)
  local pending = redis.pcall('XPENDING', S, G, entry, entry, 1, consumer)
  return not pending.err and #pending == 1
end

local function fleet()
  local living, time, announced = {{}}, now(), redis.call('HGETALL', F)
  for i = 1, #announced, 2 do
    local slots, till = string.match(announced[i + 1], '^(%d+) (%d+)$')
    if slots and tonumber(till) > time then living[announced[i]] = tonumber(slots) end
  end
  return living
end

-- How many jobs of each owner run in workers that live, and which, the youngest entry last.
local function shares()
  local running, bound, living = {{}}, {{}}, fleet()
  for _, delivery in ipairs(redis.pcall('XPENDING', S, G, '-', '+', 10000)) do
    local entry, consumer = delivery[1], delivery[2]
    local id = living[consumer] and redis.call('HGET', B, entry)
    if id then
      local owner = job_of(id).owner
      running[owner] = (running[owner] or 0) + 1
      bound[#bound + 1] = {{entry = entry, consumer = consumer, owner = owner}}
    end
  end
  return running, bound
end

local function next_job(running)
  local best, turn = nil, tonumber(redis.call('HGET', V, ':turn') or '0')
  local from, till = (turn + 1) * SPAN, '+inf'
  while true do
    local first = redis.call('ZRANGEBYSCORE', W, from, till, 'WITHSCORES', 'LIMIT', 0, 1)
    if first[1] then
      local job, number = job_of(first[1]), math.floor(first[2] / SPAN)
      local count = running[job.owner] or 0
      if not best or count < best.running then
        best = {{id = first[1], job = job, number = number, running = count}}
      end
      if count == 0 then return best end
      from = (number + 1) * SPAN
    elseif till == '+inf' then from, till = 0, (turn + 1) * SPAN - 1
    else return best end
  end
end
"""

# KEYS 8.. the job's payload, its in-progress mark (cron only)
# ARGV id, payload, expiry ms, delay ms, owner, traceparent or nothing
# -> 1 when it was added, 0 when it is there already. Asking again keeps the payload of a long waiting job alive.
ENQUEUE: Final = (
    _QUEUE
    + """
local id, payload, expiry, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if known(id) then
  if redis.call('PEXPIRE', KEYS[8], expiry) == 0 then redis.call('SET', KEYS[8], payload, 'PX', expiry) end
  admit()
  return 0
end
if redis.call('EXISTS', KEYS[9]) == 1 then return 0 end
redis.call('SET', KEYS[8], payload, 'PX', expiry)
local job = {owner = ARGV[5], trace = ARGV[6] ~= '' and ARGV[6] or nil}
if delay > 0 then
  note(id, job)
  redis.call('ZADD', Q, now() + delay, id)
else
  wait(id, job)
  admit()
end
return 1
"""
)

# ARGV consumer, then for each entry delivered to it: its id, and the job that it names if a former version added it
# -> {entry, job id, traceparent or nothing} of each that has a job; who takes an entry over gets the same job.
BIND: Final = (
    _QUEUE
    + """
local consumer, running, answer = ARGV[1], shares(), {}
for i = 2, #ARGV, 2 do
  local entry, id = ARGV[i], redis.call('HGET', B, ARGV[i]) or ARGV[i + 1]
  local first = id == '' and next_job(running)
  if not mine(consumer, entry) then -- Another has taken it over since.
  elseif id == '' and not first then
    redis.call('XACK', S, G, entry)
    redis.call('XDEL', S, entry)
  else
    id = first and first.id or id
    local job = job_of(id)
    job.entry = entry
    note(id, job)
    redis.call('HSET', B, entry, id)
    if first then
      running[job.owner] = first.running + 1
      redis.call('HSET', V, ':turn', first.number)
      redis.call('ZREM', W, id)
      if redis.call('ZCOUNT', W, range_of(first.number)) == 0 then redis.call('HDEL', V, job.owner) end
      if redis.call('EXISTS', W) == 0 then redis.call('DEL', V) end
    end
    answer[#answer + 1] = {entry, id, job.trace or ''}
  end
end
return answer
"""
)

# ARGV consumer: deferred jobs that are due become ready; they waited already, so they go in front of their owner's
# -> the entry of this consumer that is to be given back, if any. Where a job has waited long enough and another owner
# runs two more than its own, that one's youngest makes room: each such step makes the shares more even, so there is no
# cycle, and nobody gives back their last. It follows from what is here, so it is asked for until it has been done.
PROMOTE: Final = (
    _QUEUE
    + f"""
for _, id in ipairs(redis.call('ZRANGEBYSCORE', Q, '-inf', now(), 'LIMIT', 0, 500)) do
  wait(id, job_of(id), true)
  redis.call('ZREM', Q, id)
end
admit()
if redis.call('EXISTS', W) == 0 then return end
local running, bound = shares()
local first, most = next_job(running), nil
if now() - (first.job.since or now()) < {_GRACE_MS} then return end
for i = #bound, 1, -1 do
  if not most or running[bound[i].owner] > running[most.owner] then most = bound[i] end
end
if most and running[most.owner] >= first.running + 2 and most.consumer == ARGV[1] then return most.entry end
"""
)

# ARGV consumer, slots, ms that this holds, entry...: announce the slots (0: it takes no more), set the window to twice
# the fleet's, reset the idle time of the entries that are still mine -> the entries that are not.
RENEW: Final = (
    _QUEUE
    + f"""
local consumer, slots, total = ARGV[1], tonumber(ARGV[2]), 0
if slots > 0 then redis.call('HSET', F, consumer, slots .. ' ' .. string.format('%d', now() + ARGV[3]))
else redis.call('HDEL', F, consumer) end
local living = fleet()
for _, name in ipairs(redis.call('HKEYS', F)) do
  if living[name] then total = total + living[name]
  elseif name ~= ':window' then redis.call('HDEL', F, name) end
end
redis.call('HSET', F, ':window', string.format('%d', math.max(2 * total, {_SMALLEST_WINDOW})))
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
elseif delay == 0 then wait(id, job_of(id), true) end
redis.call('XACK', S, G, entry)
redis.call('XDEL', S, entry)
redis.call('HDEL', B, entry)
if delay < 0 then
  redis.call('DEL', KEYS[8], KEYS[10])
  redis.call('HDEL', J, id)
end
admit()
return 1
"""
)

# ARGV id... -> those that are known to the queue.
KNOWN: Final = (
    _QUEUE
    + """
local found = {}
for _, id in ipairs(ARGV) do
  if known(id) then found[#found + 1] = id end
end
return found
"""
)

# -> {worker, slots, running} of each that has announced itself and lives.
WORKERS: Final = (
    _QUEUE
    + """
local running, found = {}, {}
for _, delivery in ipairs(redis.pcall('XPENDING', S, G, '-', '+', 10000)) do
  running[delivery[2]] = (running[delivery[2]] or 0) + 1
end
for name, slots in pairs(fleet()) do found[#found + 1] = {name, slots, running[name] or 0} end
return found
"""
)

# -> {XLEN, jobs for which it has no room, deferred jobs}: each job counts once.
DEPTH: Final = (
    _QUEUE
    + """
local length = redis.call('XLEN', S)
return {length, math.max(0, held() + redis.call('ZCARD', W) - length), redis.call('ZCARD', Q)}
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
