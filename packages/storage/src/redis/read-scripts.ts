import type { QueueScript } from '../bullmq/queue-scripts.js';
import { countersLua } from './write-scripts.js';

/*
 * Scripts that only read; the layout is told in write-scripts.ts, and so is what the letters mean.
 */

/** Returns head, origin, tags, input, state, definition, seat, and fields of nodes before their counters. */
export const loadScript: QueueScript = {
  name: 'loomExecutionLoad1',
  keys: 1,
  lua: `local C,E,P=redis.call,KEYS[1],ARGV[1]
${countersLua}local h,m,g,i,s=unpack(C('HMGET',E,'h','m','g','i','s'))
if not h then return nil end
local r={h,m,g or '',i,s,C('HGET',P..'t',m:match('^[^%z]*%z([^%z]*)')) or '',''}
local o=h:match('^%S+ %S+ %S+ (%S+)')
local e=C('HGET',P..'o',o)
if e then
local t=C('TIME')
if e:match('^%S+')-t[1]*1000>t[2]/1000 then r[7]=o:match('%d+') end
end
for _,c in ipairs(counters()) do r[#r+1]=c end
return r`,
};

/**
 * Returns indexes before their records. Asks for the indexes it expects, a thousand at a time, until it has found
 * enough or passed the highest; where there are so few that this does not end, it sorts those there are.
 */
export const recordsScript: QueueScript = {
  name: 'loomExecutionRecords1',
  keys: 1,
  lua: `local C,E,n,from,limit=redis.call,KEYS[1],ARGV[2],tonumber(ARGV[3]),tonumber(ARGV[4])
local c=C('HGET',E,'#'..n)
if not c then return {} end
local B=E..'\\0'..n
local highest=tonumber(c:match('^%S+ %S+ (%S+)'))
local r={}
local function get(list)
local near,far={},{}
for _,x in ipairs(list) do
if x>7 then far[#far+1]=string.format('%d',x) else near[#near+1]=n..'\\0'..string.format('%d',x) end
end
local a=near[1] and C('HMGET',E,unpack(near)) or {}
local b=far[1] and C('HMGET',B,unpack(far)) or {}
for j,x in ipairs(list) do
local v
if j>#near then v=b[j-#near] else v=a[j] end
if v and #r<2*limit then
r[#r+1]=x
r[#r+1]=v
end
end
end
local x,last=from,from+1000+math.min(limit,9+C('HLEN',B))
while x<=highest and #r<2*limit and x<last do
local list={}
for j=x,math.min(x+999,highest) do list[#list+1]=j end
get(list)
x=x+1000
end
if x>highest or #r>=2*limit then return r end
local all={}
local function see(j) if j and j>=from then all[#all+1]=j end end
for _,f in ipairs(C('HKEYS',B)) do see(tonumber(f)) end
for _,f in ipairs(C('HKEYS',E)) do
if f:sub(1,#n+1)==n..'\\0' then see(tonumber(f:sub(#n+2))) end
end
table.sort(all)
r={}
for j=1,math.min(#all,limit),1000 do get({unpack(all,j,math.min(j+999,#all))}) end
return r`,
};

/**
 * Looks at `size` executions of the given statuses, from `max` down to `min`, newest first. Returns the last one
 * when there are more, and members of the index before head, origin and tags of those that match.
 */
export const listScript: QueueScript = {
  name: 'loomExecutionList1',
  keys: 1,
  lua: `local C,P,max,min,size,name,tags,statuses=redis.call,unpack(ARGV,1,6)
size=tonumber(size)
local lists={}
for j=7,#ARGV do lists[#lists+1]=C('ZREVRANGEBYLEX',P..'l'..ARGV[j],max,min,'LIMIT',0,size) end
local at,r={},{''}
for seen=1,size do
local e,from
for j,list in ipairs(lists) do
local m=list[at[j] or 1]
if m and (not e or m>e) then e,from=m,j end
end
if not e then break end
at[from]=(at[from] or 1)+1
if seen==size then r[1]=e end
local l,id=e:match('^([^%z]*)%z([^%z]*)$')
if name=='' or l:sub(28)==name then
local v=C('HMGET',P..'e'..id,'h','m','g')
local fits=v[1]
for tag in tags:gmatch('[^%z]+') do
if not (v[3] and v[3]:find('\\0'..tag..'\\0',1,true)) then fits=nil end
end
if fits then
r[#r+1]=e
for k=1,3 do r[#r+1]=v[k] or '' end
end
end
end
return r`,
};
