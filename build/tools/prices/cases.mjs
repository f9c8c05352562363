// Writes cases of what calls cost, by the package's own calculator: node cases.mjs COUNT SEED. One JSON object a line:
// vendor, model, at, usage as ours, and known, id, input, output and total.
import { calcPrice, waitForUpdate } from "@pydantic/genai-prices";
import { classes } from "./classes.mjs";

const [count, seed] = process.argv.slice(2).map(Number);
let state = seed;

function random(n) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const pick = (list) => list[random(list.length)];

const providers = await waitForUpdate();

// texts lists what a rule speaks of.
function texts(match) {
  const [[kind, value]] = Object.entries(match);
  if (kind === "or" || kind === "and") return value.flatMap(texts);
  return kind === "regex" ? [] : [value];
}

function name(model) {
  const plain = pick([model.id, ...texts(model.match)]);
  return pick([...Array(20).fill(plain), plain.toUpperCase(), plain + "-20250315", plain + "-20251399", plain + "-2025-03-15",
    plain + "-v1:0", "us." + plain, "eu." + plain, "global." + plain, plain + "-tts", plain + "-preview", " " + plain, plain + "-20250315:0"]);
}

function usage() {
  const size = pick([0, 100, 5000, 127999, 200000, 200001, 272000, 900000]);
  const part = (n) => pick([0, 0, n, random(n + 1)]);
  const u = { input: size && size + random(3) - 1 };
  u.cache_read = part(u.input);
  u.cache_write = part(u.input - u.cache_read);
  u.cache_write_hour = part(u.cache_write);
  const rest = u.input - u.cache_read - u.cache_write;
  u.cache_read_audio = part(u.cache_read);
  u.input_audio = part(rest) + u.cache_read_audio;
  u.input_image = part(rest - u.input_audio + u.cache_read_audio);
  u.output = random(20000);
  u.reasoning = part(u.output);
  u.output_audio = part(u.output - u.reasoning);
  u.output_image = part(u.output - u.reasoning - u.output_audio);
  return u;
}

// theirs is a usage in the package's words, every class told: what is not told would be an error to it.
function theirs(u) {
  const out = { cache_image_read_tokens: 0, cache_audio_write_tokens: 0, cache_image_write_tokens: 0 };
  for (const c of classes) if (c.usage) out[c.usage] = c.count(u);
  return out;
}

// priced says whether the call has a price in what we count; a period without any price is free.
function priced(result) {
  const keys = Object.keys(result.model_price);
  return keys.length === 0 || ["input_mtok", "output_mtok", "requests_kcount"].some((k) => keys.includes(k));
}

for (let made = 0; made < count; ) {
  const provider = pick(providers);
  const model = name(pick(pick([...Array(9).fill(provider), pick(providers)]).models));
  const at = new Date(Date.UTC(2025, random(30), 1 + random(28), random(24), random(60), random(60)));
  const u = usage();
  let result;
  try {
    result = calcPrice(theirs(u), model, { providerId: provider.id, timestamp: at });
  } catch {
    continue; // a usage that the package holds for impossible
  }
  made++;
  const known = result !== null && priced(result);
  const line = { vendor: provider.id, model, at: at.toISOString(), usage: u, id: result?.model.id, known };
  if (known) Object.assign(line, { input: result.input_price, output: result.output_price, total: result.total_price });
  console.log(JSON.stringify(line));
}
