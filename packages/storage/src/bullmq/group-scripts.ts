import { groupMemoryMs } from '../internal/group-limits.js';
import { dedupeWindowMs } from '../internal/message-queue-options.js';
import { delayedScoreFactor, priorityFactor, withdrawn } from './queue-scripts.js';
import type { QueueScript } from './queue-scripts.js';
import { queueCalls } from './temporary-scripts.js';

/*
 * Groups on BullMQ. A queue is as BullMQ left it until a message with a group is sent. From then on BullMQ's own
 * way to take jobs is shut, by a rate of its own of none at all, and its answer says so; so every consumer, in
 * whatever process, hears of it with the next job it asks for, and takes by the scripts here. Beside BullMQ's keys:
 *
 *   gw:KEY  sorted set   jobs of the key that wait, by priority and order of arrival
 *   ga:KEY  set          jobs of the key that are active: a place has a name, so it cannot be given back twice
 *   gl:KEY  text         the limits in force
 *   gr:KEY  list         when its last deliveries began, as many as the rate allows
 *   groups               keys that wait and may go, by turn; the empty one is all jobs without a group
 *   groups:later         keys that wait and are closed, by when to look again: when their rate opens; for those
 *                        that are full, which the end of a delivery opens, in a minute all the same
 *   groups:waiting       all jobs with a group that wait, by since when
 *   gc, gt               order of arrival, turns
 *
 * A temporary queue is used by the scripts here alone, so that BullMQ makes no keys for it that would stay.
 *
 * A job keeps its key and its limits in `gk` and `gl`. Whatever BullMQ makes ready, because it was delayed or its
 * process died, comes by way of `delayed`, `wait` or `prioritized`, and is brought into its group before anything
 * is taken. Times of rates are those of the server, which all processes share.
 *
 * A place is given back with the end of its delivery. Nobody tells of one that ended without a word, with a job that
 * was withdrawn or removed by somebody's tool; so where a key is full, a few of its places are looked at, and those
 * without a lock are taken back.
 */

/** When a full key is looked at without a reason; how many of its places are then, and how many with a reason. */
const fullLookMs = 60_000;
const fullLookPlaces = 100;
const quickLookPlaces = 3;
/** For how long BullMQ's own taking is shut: three thousand years. */
export const shutMs = 1e14;

/**
 * What the scripts share; the first value of each is the time. `line` puts a key where it belongs, after anything
 * that may have changed that; `route` a job; `done` wakes a consumer when there is something to take or to wait for.
 */
export const groupFunctions = `${queueCalls}
use(KEYS[1])
local now,tell=tonumber(ARGV[1])
local T=redis.call('TIME')
T=T[1]*1000+math.floor(T[2]/1000)
local function limits(k)
local c,l,p=string.match(C('GET','gl:'..k) or C('HGET',C('ZRANGE','gw:'..k,0,0)[1] or '','gl') or '','(%d*),(%d*),(%d*)')
return tonumber(c) or math.huge,tonumber(l),tonumber(p) or 0
end
local function opens(k,l,p)
local t=l and C('LINDEX','gr:'..k,-l)
return t and t+p>T and t+p
end
local function turn(k) C('ZADD','groups','NX',C('INCR','gt'),k) end
local function line(k,look)
local c,l,p=limits(k)
local n,later=C('SCARD','ga:'..k),'groups:later'
local w=C('ZCARD','gw:'..k)>0
if w and n>=c then
for _,id in ipairs(C('SRANDMEMBER','ga:'..k,look or ${quickLookPlaces})) do
if C('EXISTS',id..':lock')==0 then n=n-C('SREM','ga:'..k,id) end
end
end
local t=n>=c and T+${fullLookMs} or opens(k,l,p)
if w and t then
if C('ZADD',later,'LT','CH',t,k)==1 and n<c and C('ZRANGE',later,0,0)[1]==k then tell=1 end
else C('ZREM',later,k) end
if w and not t then turn(k) else C('ZREM','groups',k) end
end
local function leave(k,id) if C('SREM','ga:'..k,id)==1 then line(k) end end
local function route(id,first)
local f=C('HMGET',id,'priority','gk')
local r,k=unpack(f)
if not r then return end
C('HSET',id,'delay',0)
if k then
C('SREM','ga:'..k,id)
C('ZADD','gw:'..k,r*2^45+(first and 0 or C('INCR','gc')),id)
C('ZADD','groups:waiting',now,id)
line(k)
else C('ZADD','prioritized',r*${priorityFactor}+(first and 0 or C('INCR','pc')),id) end
end
local function delay(id,ms)
C('ZADD','delayed',(now+ms)*${delayedScoreFactor}+C('INCR','gc')%${delayedScoreFactor},id)
if C('ZRANGE','delayed',0,0)[1]==id then tell=1 end
end
local function collect()
for _,id in ipairs(C('ZRANGEBYSCORE','delayed',0,(now+1)*${delayedScoreFactor}-1,'LIMIT',0,1000)) do
C('ZREM','delayed',id)
route(id)
end
for i=1,1000 do
local id=C('RPOP','wait')
if not id then break end
route(id,1)
end
for _,k in ipairs(C('ZRANGEBYSCORE','groups:later',0,T,'LIMIT',0,100)) do
C('ZREM','groups:later',k)
line(k,${fullLookPlaces})
end
if C('EXISTS','prioritized')==1 then turn('') end
end
local function done(r)
if (tell or C('EXISTS','groups')+C('EXISTS','prioritized')>0) and C('HEXISTS','meta','paused')==0 then C('ZADD','marker',0,'0') end
return r
end
`;

/**
 * Stores messages, with groups or without, all of them or none; 7 values each. Returns their ids.
 * What BullMQ does for a job of its own, with less: nobody hears an event.
 */
export const sendGroupedScript: QueueScript = {
  name: 'loomGroupSend1',
  keys: 1,
  lua: `${groupFunctions}
local ids={}
if not temporary and C('SET','limiter',1,'PX',${shutMs},'NX') then C('HSET','meta','max',0,'duration',${shutMs}) end
for i=2,#ARGV,7 do
local id,data,opts,priority,ms,k,lim=unpack(ARGV,i,i+6)
local n,once=C('INCR','id'),id~=''
local known=once and (C('EXISTS',id)==1 or not C('SET','de:'..id,id,'PX',${dedupeWindowMs},'NX'))
if not once then id=string.format('%.0f',n) end
if k~='' then C('SET','gl:'..k,lim,'PX',${groupMemoryMs}+(tonumber(string.match(lim,'%d*$')) or 0)) end
if not known then
C('HSET',id,'name','message','data',data,'opts',opts,'timestamp',now,'delay',ms,'priority',priority)
if once then C('HSET',id,'deid',id) end
if k~='' then C('HSET',id,'gk',k,'gl',lim) end
if ms=='0' then route(id) else delay(id,ms) end
end
if k~='' and (known or ms~='0') then line(k) end
ids[#ids+1]=id
end
return done(ids)`,
};

/**
 * Ends a delivery as `op` says, if it says anything, and takes the next job when asked to; on a queue without groups
 * as well. Returns a job, or in how many milliseconds there may be one, or BullMQ's code of why the delivery is not
 * ours to end. The first write needs no memory, so a server that has none left lets all of them through.
 */
export const stepScript: QueueScript = {
  name: 'loomGroupStep1',
  keys: 1,
  lua: `${groupFunctions}
local _,token,lockMs,more,op,id,key,value,attempt=unpack(ARGV)
local r=false
if op~='' then
local lock=C('GET',id..':lock')
if lock=='${withdrawn}' then
leave(key,id)
return done(-1)
end
if C('EXISTS',id)==0 then return -1 end
if lock~=token then return lock and -6 or -2 end
if C('LREM','active',-1,id)==0 then return -3 end
C('DEL',id..':lock')
if op=='acknowledged' then
C('DEL',id)
C('DEL',id..':logs')
elseif op=='dead' then
C('ZADD','failed',now,id)
C('HINCRBY',id,'atm',1)
C('HSET',id,'ats',attempt,'failedReason',value,'finishedOn',now)
elseif op=='waiting' then
C('HSET',id,'delay',value)
delay(id,value)
else
C('HINCRBY',id,'ats',-1)
route(id,1)
end
leave(key,id)
end
if C('HEXISTS','meta','paused')==1 then more='' end
if more=='1' then collect() end
for i=1,more=='1' and 1000 or 0 do
local k=C('ZPOPMIN','groups')[1]
if not k then break end
local grouped,c,l,p=k~='',limits(k)
local id=C('ZPOPMIN',grouped and 'gw:'..k or 'prioritized')[1] or ''
local data,sentAt,gk=unpack(C('HMGET',id,'data','timestamp','gk'))
if gk and not grouped then
route(id)
turn('')
data=nil
end
if data then
C('LPUSH','active',id)
C('SET',id..':lock',token,'PX',lockMs)
C('HSET',id,'processedOn',now)
r={id,data,C('HINCRBY',id,'ats',1),sentAt,k}
end
if grouped then
C('ZREM','groups:waiting',id)
if data then
C('SADD','ga:'..k,id)
C('PEXPIRE','gl:'..k,${groupMemoryMs}+p)
if l then
C('RPUSH','gr:'..k,T)
C('LTRIM','gr:'..k,-l,-1)
C('PEXPIRE','gr:'..k,p)
end
end
line(k)
end
if r then break end
end
if more=='1' and not r then
local d=C('ZRANGE','delayed',0,0,'WITHSCORES')[2]
local g=C('ZRANGE','groups:later',0,0,'WITHSCORES')[2]
d=d and d/${delayedScoreFactor}-now
g=g and g-T
r=(d or g) and math.max(0,math.ceil(math.min(d or g,g or d)))
end
return done(r)`,
};

/** How many of a key wait and are active, and in how many milliseconds its rate opens; -1 when it is open. */
export const groupStatsScript: QueueScript = {
  name: 'loomGroupStats1',
  keys: 1,
  lua: `${groupFunctions}
local k=ARGV[2]
collect()
local _,l,p=limits(k)
return done({C('ZCARD','gw:'..k),C('SCARD','ga:'..k),(opens(k,l,p) or T-1)-T})`,
};
