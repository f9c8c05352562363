// Writes providers/catalog/prices.jsonl from the package's list of providers: a header, then each vendor followed by its
// models, one a line. With -check it only reports whether the file is stale. What nobody reads is left out, and what
// Go cannot run (a regular expression that looks ahead) becomes a rule that it can.
import { readFileSync, writeFileSync } from "node:fs";
import { waitForUpdate } from "@pydantic/genai-prices";
import { classes } from "./classes.mjs";

const target = new URL("../../../providers/catalog/prices.jsonl", import.meta.url);

const own = JSON.parse(readFileSync(new URL("package.json", import.meta.url)));
const [[source, version]] = Object.entries(own.devDependencies);

// lookahead splits "^(?!A)B" into what must not match and what must.
function lookahead(regex) {
  if (!regex.startsWith("^(?!")) return null;
  let depth = 0;
  for (let i = 1; i < regex.length; i++) {
    if (regex[i] === "\\") i++;
    else if (regex[i] === "(") depth++;
    else if (regex[i] === ")" && --depth === 0) return [`^(?:${regex.slice(4, i)})`, regex.slice(i + 1)];
  }
  throw new Error(`unbalanced: ${regex}`);
}

function rule(match) {
  const [[kind, value]] = Object.entries(match);
  if (kind === "or" || kind === "and") return { [kind]: value.map(rule) };
  if (kind !== "regex") return { [kind]: value.toLowerCase() };
  const parts = lookahead(value);
  if (!parts) return { regex: value };
  const not = { not: { regex: parts[0] } };
  return parts[1] ? { and: [not, { regex: "^" + parts[1] }] } : not;
}

function seconds(time) {
  const [, h, m, s, zone] = /^(\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)$/.exec(time);
  const shift = zone === "Z" ? 0 : Number(zone[0] + 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * 60;
  return (h * 3600 + m * 60 + Number(s) - shift + 86400) % 86400;
}

// period is the prices of a time: in US dollars per million tokens, request per call. Without any it is free; with none
// that we count it has no price.
function period({ constraint, prices }) {
  const out = {};
  if (constraint?.type === "start_date") out.since = constraint.start_date;
  else if (constraint) out.between = [seconds(constraint.start_time), seconds(constraint.end_time)];
  if (Object.keys(prices).length === 0) out.free = true;
  const tiers = [];
  for (const { name, price, per } of classes) {
    const p = prices[price];
    if (p === undefined) continue;
    out.price = { ...out.price, [name]: (p.base ?? p) / per };
    for (const t of p.tiers ?? []) tiers.push({ class: name, from: t.start, price: t.price / per });
  }
  if (tiers.length) out.tiers = tiers.sort((a, b) => a.from - b.from);
  return out;
}

function model(m) {
  const out = { id: m.id, name: m.name === m.id ? undefined : m.name, match: rule(m.match), context: m.context_window, deprecated: m.deprecated || undefined };
  out.prices = Array.isArray(m.prices) ? m.prices.map(period) : [period({ prices: m.prices })];
  return out;
}

const lines = [{ source: `${source} ${version}`, dated: own.catalogueDated }];
for (const p of await waitForUpdate()) {
  lines.push({ vendor: p.id, url: p.api_pattern, match: p.provider_match && rule(p.provider_match), fallback: p.fallback_model_providers });
  lines.push(...p.models.map(model));
}
const want = lines.map((l) => JSON.stringify(l) + "\n").join("");

let have = "";
try {
  have = readFileSync(target, "utf8");
} catch {}
if (have !== want) {
  if (process.argv.includes("-check")) {
    console.error("providers/catalog/prices.jsonl is stale: run make gen");
    process.exit(1);
  }
  writeFileSync(target, want);
}
