import type { QueueScript } from './queue-scripts.js';
import { queueCalls } from './temporary-scripts.js';

/** Types of the keys of a queue that are there only while it has something to do or to wait for. */
export const busyTypes = ['active', 'wait', 'prioritized', 'delayed', 'groups', 'groups:later'] as const;

/**
 * Makes ready again what has no lock any more, on each queue whose `active` list is given. Arguments: now, the
 * score of what is due, and for each queue the longest time to the next look.
 * Returns in how many milliseconds to look again, when the next lock ends; and for each queue how many were made
 * ready, and whether there is something to take.
 * However many processes look, `watched` lets one of them go through the locks of a queue, and the others wait
 * with it for the first to end. The first write needs no memory, so a server that has none left lets all of
 * them through.
 */
export const watchScript: QueueScript = {
  name: 'loomQueueWatch1',
  lua: `${queueCalls}
local soonest,found=math.huge,{}
for i,active in ipairs(KEYS) do
use(string.sub(active,1,-7))
local longest,open,count=tonumber(ARGV[i+2]),C('HEXISTS','meta','paused')==0,0
local left=C('EXISTS','active')==0 and longest or C('PTTL','watched')
if left<=0 or left>longest then
left=longest
C('DEL','watched')
for _,id in ipairs(C('LRANGE','active',0,-1)) do
local ms=C('PTTL',id..':lock')
if ms>=0 then left=math.min(left,ms)
elseif ms==-2 and C('LREM','active',-1,id)==1 and C('EXISTS',id)==1 then
count=count+1
C('HINCRBY',id,'stc',1)
C('RPUSH','wait',id)
C('XADD','events','*','event','waiting','jobId',id,'prev','active')
C('XADD','events','*','event','stalled','jobId',id)
end
end
C('SET','watched',1,'PX',math.max(left,1))
if open and count>0 then C('ZADD','marker',0,'0') end
end
soonest=math.min(soonest,left)
found[i*2-1]=count
found[i*2]=open and C('EXISTS','wait')+C('EXISTS','prioritized')+C('EXISTS','groups')
+C('ZCOUNT','delayed','-inf',ARGV[2])+C('ZCOUNT','groups:later','-inf',ARGV[1])>0 and 1 or 0
end
return {soonest,found}`,
};
