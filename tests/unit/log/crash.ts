/** A process that is started as the app starts its own, logs, and ends as nobody wanted. */
import { log, startInheritedLog } from '../../../engine/log/log.ts';

startInheritedLog('engine');
log.info('ready');
const [way] = process.argv.slice(2);
function failDeepInside(): never {
  throw new Error('the kernel "text of a document" failed');
}
if (way === 'throw') setTimeout(failDeepInside);
else if (way === 'reject') void Promise.resolve().then(failDeepInside);
