// Evaluates conditions as a browser does. Fed over stdin, one JSON message a line:
//   {"envs": [...]}   what to evaluate on         {"tree": {...}}   → the values, one for each env
import {run, shown} from '../../ui/src/expr.js';
import {createInterface} from 'node:readline';

let envs = [];
const plain = v => v === null || v === undefined ? null : typeof v === 'object' && typeof v.n === 'bigint' ? {number: shown(v)} : v;
createInterface({input: process.stdin}).on('line', line => {
  const message = JSON.parse(line);
  if (message.envs) { envs = message.envs; console.log('true'); return; }
  try { console.log(JSON.stringify(envs.map(env => plain(run(message.tree, env))))); }
  catch (error) { console.log(JSON.stringify({error: String(error.stack)})); }
});
