// Runs a WASI preview 1 module in node: node wasi.mjs MODULE [ARGUMENT..]. Exits with the module's status.
import { readFile } from 'node:fs/promises';
import { argv, env, exit } from 'node:process';

// node:wasi says on standard error that it is experimental; a module's own output is all that should be there.
process.removeAllListeners('warning');
const { WASI } = await import('node:wasi');

const [, , path, ...args] = argv;
if (!path) {
  console.error('usage: node wasi.mjs MODULE [ARGUMENT..]');
  exit(2);
}
const wasi = new WASI({ version: 'preview1', args: [path, ...args], env, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(path));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
try {
  exit(wasi.start(instance));
} catch (error) {
  console.error(`${path}: ${error.stack ?? error}`); // a trap
  exit(134);
}
