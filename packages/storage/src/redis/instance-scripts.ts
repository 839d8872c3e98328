import type { QueueScript } from '../bullmq/queue-scripts.js';

/*
 * Three keys with one hash tag: I, a hash of instances by id; L, the ends of their leases by the server's clock, a
 * set sorted by time; T, the actor types they host, a set sorted by member, `<type>/<id>`. A type has no slash, so
 * what lies between `type/` and `type0` are the ids of one type.
 *
 * An instance is `<status> <used> <total> <types> <rest as JSON>`: what a heartbeat may change, and what the index
 * needs, can be read without the JSON. The field '' of I counts the changes: it stands before each that is
 * published, so that whoever listens knows what it has missed.
 *
 * Every script first takes off what has ended, whoever calls: then nobody sees it, and nobody needs to look for it.
 * Its first write needs no memory, and so a server without memory lets the others through as well. A user who may
 * not publish can still register. The keys go by themselves when nobody is alive any more; with the lease of the
 * caller, they stay long enough for others to be told who has ended.
 */
const prelude = `local C,I,L,T,channel,lease,id=redis.call,KEYS[1],KEYS[2],KEYS[3],ARGV[1],tonumber(ARGV[2]),ARGV[3]
C('ZREM',L,'')
local time=C('TIME')
local now=time[1]*1000+math.floor(time[2]/1000)
local function text(n) return string.format('%.0f',n) end
local function tell(kind,v) redis.pcall('PUBLISH',channel,C('HINCRBY',I,'',1)..' '..kind..' '..v) end
local function index(command,id,v)
for t in v:match('^%S+ %S+ %S+ (%S*)'):gmatch('[^,]+') do
if command=='ZADD' then C(command,T,0,t..'/'..id) else C(command,T,t..'/'..id) end
end
end
local function drop(id,v,kind)
index('ZREM',id,v)
C('HDEL',I,id)
C('ZREM',L,id)
tell(kind,v)
end
local function keep(isNew)
C('ZADD',L,text(now+lease),id)
if not isNew and C('PTTL',L)>lease*3 then return end
for _,k in ipairs(KEYS) do
if C('PTTL',k)<lease*4 then C('PEXPIRE',k,text(lease*4)) end
end
end
for _,e in ipairs(C('ZRANGEBYSCORE',L,'-inf',text(now))) do
local v=C('HGET',I,e)
if v then drop(e,v,'lease-ended') else C('ZREM',L,e) end
end
`;

/** Arguments: channel, lease, id, instance. Returns 1 when it replaced one. */
export const registerScript: QueueScript = {
  name: 'loomInstanceRegister1',
  keys: 3,
  lua: `${prelude}local v,old=ARGV[4],C('HGET',I,id)
if old then index('ZREM',id,old) end
C('HSET',I,id,v)
index('ZADD',id,v)
if old~=v then tell(old and 'updated' or 'registered',v) end
keep(true)
return old and 1 or 0`,
};

/** Arguments: channel, lease, id, then status, used and total, each empty to keep it. Returns 0 for an unknown id. */
export const heartbeatScript: QueueScript = {
  name: 'loomInstanceHeartbeat1',
  keys: 3,
  lua: `${prelude}local old=C('HGET',I,id)
if not old then return 0 end
local p={old:match('^(%S+) (%S+) (%S+) (.*)$')}
for i=1,3 do
if ARGV[i+3]~='' then p[i]=ARGV[i+3] end
end
local v=table.concat(p,' ')
if v~=old then
C('HSET',I,id,v)
tell('updated',v)
end
keep()
return 1`,
};

/** Arguments: channel, lease, id. Returns 0 for an unknown id. */
export const deregisterScript: QueueScript = {
  name: 'loomInstanceDeregister1',
  keys: 3,
  lua: `${prelude}local old=C('HGET',I,id)
if not old then return 0 end
drop(id,old,'deregistered')
return 1`,
};

/** Arguments: channel, lease, actor type or nothing. Returns the number of the last change and all instances. */
export const listScript: QueueScript = {
  name: 'loomInstanceList1',
  keys: 3,
  lua: `${prelude}local r={tonumber(C('HGET',I,'') or 0)}
if id then
for _,m in ipairs(C('ZRANGEBYLEX',T,'['..id..'/','('..id..'0')) do r[#r+1]=C('HGET',I,m:sub(#id+2)) end
else
local all=C('HGETALL',I)
for i=1,#all,2 do
if all[i]~='' then r[#r+1]=all[i+1] end
end
end
return r`,
};
