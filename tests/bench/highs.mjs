// HiGHS on an MPS file: node highs.mjs MODEL.mps SECONDS VALUES
//
// Prints one line of JSON with its objective and bound; writes its point, if it has one, as "C12 0.98" lines.
import { readFileSync, writeFileSync } from 'node:fs';
import load from 'highs';

const FEASIBLE = 2; // primal_solution_status

const [path, seconds, values] = process.argv.slice(2);
const highs = await load();
const model = highs.createModel({ format: 'mps', data: readFileSync(path) });
model.options.set({ time_limit: Number(seconds), mip_rel_gap: 0, output_flag: false });
model.run();
const bound = model.info.get('mip_dual_bound');
const feasible = model.info.get('primal_solution_status') === FEASIBLE;
if (feasible) {
  const point = model.getSolution().colValue;
  writeFileSync(values, Array.from(point, (value, i) => `C${i + 1} ${value}\n`).join(''));
}
const objective = feasible ? model.getObjectiveValue() : null;
console.log(JSON.stringify({ objective, bound: Number.isFinite(bound) ? bound : null }));
model.dispose();
