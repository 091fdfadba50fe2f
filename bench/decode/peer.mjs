// llama.cpp behind lines of JSON: {"do":"tokens","text":…}, {"do":"read","ids":[…]} (from nothing),
// {"do":"go","n":…} (greedy tokens on from there), {"do":"next","ids":[…]} (the probability of each
// token after each of them). Arguments: file, threads, tokens at most, and f32 for a cache in floats.
import readline from "node:readline";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [file, threads, most, exact] = process.argv.slice(2);
const cache = exact === "f32" ? { flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" } : {};
const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: Number(most), batchSize: 512, threads: { ideal: Number(threads), min: Number(threads) }, ...cache });
const sequence = context.getSequence();

async function timed(f) {
  const begun = process.hrtime.bigint();
  const used = process.cpuUsage();
  const out = await f();
  const cpu = process.cpuUsage(used);
  return { seconds: Number(process.hrtime.bigint() - begun) / 1e9, cpu: (cpu.user + cpu.system) / 1e6, ...out };
}

let last;
const does = {
  about: async () => ({ text: llama.systemInfo }),
  tokens: async ({ text }) => ({ ids: [...model.tokenize(text)] }),
  read: async ({ ids }) => {
    await sequence.clearHistory();
    last = ids[ids.length - 1];
    return timed(() => sequence.evaluateWithoutGeneratingNewTokens(ids.slice(0, -1)));
  },
  go: ({ n }) =>
    timed(async () => {
      const ids = [];
      for await (const id of sequence.evaluate([last], { temperature: 0, yieldEogToken: true })) {
        ids.push(id);
        if (ids.length >= n) break;
      }
      return { ids };
    }),
  next: async ({ ids }) => {
    await sequence.clearHistory();
    const all = [];
    for (const id of ids) {
      const it = sequence.evaluateWithMetadata([id], { probabilities: true }, { temperature: 0, yieldEogToken: true });
      const p = (await it.next()).value.probabilities;
      await it.return();
      const row = new Array(p.size).fill(0);
      for (const [k, v] of p) row[k] = v;
      all.push(row);
    }
    return { probabilities: all };
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  process.stdout.write(JSON.stringify(await does[ask.do](ask)) + "\n");
}
process.exit(0);
