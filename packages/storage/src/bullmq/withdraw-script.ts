import { groupFunctions } from './group-scripts.js';
import { withdrawn } from './queue-scripts.js';
import type { QueueScript } from './queue-scripts.js';

/**
 * Removes jobs that wait or run, of the queue whose prefix is the key; dead letters stay. A lock stays for as long
 * as it would have, to tell whoever has the job what became of it, and so does what is known of dedupe ids.
 * Returns how many were removed.
 */
export const withdrawScript: QueueScript = {
  name: 'loomQueueWithdraw1',
  keys: 1,
  lua: `${groupFunctions}
local count=0
for i=2,#ARGV do
local id=ARGV[i]
local k=C('TYPE',id).ok=='hash' and C('HGET',id,'gk')
local found=C('ZREM','prioritized',id)+C('ZREM','delayed',id)+(k and C('ZREM','gw:'..k,id) or 0)
if found==0 and C('EXISTS',id)==1 and not C('ZSCORE','failed',id) then
if C('LREM','active',-1,id)==1 then
found=1
C('SET',id..':lock','${withdrawn}','XX','KEEPTTL')
if k then C('ZADD','groups:later','LT',T+C('PTTL',id..':lock')+1,k) end
else found=C('LREM','wait',1,id) end
end
if found>0 then
count=count+1
C('DEL',id)
C('DEL',id..':logs')
if k then
C('ZREM','groups:waiting',id)
line(k)
end
end
end
return done(count)`,
};
