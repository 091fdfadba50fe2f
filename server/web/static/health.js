// Whether it is well: what is there, and what has been going on.
import { h, number, show, size } from "./dom.js";
import * as api from "./api.js";
import { failed, state } from "./main.js";

const every = 2000;
const most = 300; // points of a chart

export async function healthView(main) {
  const table = h("dl.stats");
  const charts = h("div.charts");
  show(main, h("div.facts", {}, h("span", {}, "Every two seconds, for as long as this is open.")), table, charts);
  if (!document.getElementById("uplot")) document.head.append(h("link", { id: "uplot", rel: "stylesheet", href: "/assets/vendor/uPlot.min.css" }));
  const { default: uPlot } = await import("/assets/vendor/uPlot.esm.js");
  const time = [];
  const series = { "Requests a second": [[]], "Milliseconds: half, and 99 of 100, are faster": [[], []], "Segments": [[]], "Merging owes, MiB": [[]] };
  const plots = Object.entries(series).map(([title, lines]) => {
    const holder = h("figure", {}, h("figcaption", {}, title));
    charts.append(holder);
    const colour = (n) => getComputedStyle(document.documentElement).getPropertyValue(n).trim();
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot({ width: Math.max(260, holder.clientWidth || 400), height: 150, legend: { show: false }, cursor: { show: false }, scales: { y: { range: (u, lo, hi) => [0, Math.max(1, hi * 1.15)] } }, axes: [axis, { ...axis, size: 50 }], series: [{}, ...lines.map((_, i) => ({ stroke: colour(i ? "--c2" : "--c1"), width: 2, points: { show: false } }))] }, [[], ...lines.map(() => [])], holder);
    return { plot, lines, holder };
  });
  const fit = () => plots.forEach(({ plot, holder }) => plot.setSize({ width: Math.max(260, holder.clientWidth), height: 150 }));
  addEventListener("resize", fit);
  fit();

  async function tick() {
    try {
      const [s, a] = await Promise.all([api.stats(state.collection), api.activity()]);
      const pair = (k, v) => h("div", {}, h("dt", {}, k), h("dd", {}, v));
      show(table, pair("Documents", number(s.documents)), pair("Passages", number(s.passages)), pair("Text", size(s.source_bytes)), pair("Index", size(s.segment_bytes)), pair("Store", size(s.store_bytes)), pair("Segments", `${s.segments}, ${s.live_segments} in memory`), pair("Cannot be found yet", number(s.incomplete)), pair("Requests", number(a.requests)), pair("Failed", number(a.failed)), pair("Up", duration(a.uptime_s)));
      const values = [[a.per_second], [a.p50_ms, a.p99_ms], [s.segments], [s.merge_debt_bytes / 1048576]];
      time.push(Date.now() / 1000);
      if (time.length > most) time.shift();
      plots.forEach(({ plot, lines }, i) => {
        lines.forEach((l, k) => (l.push(values[i][k]), l.length > most && l.shift()));
        plot.setData([time, ...lines]);
      });
    } catch (e) {
      if (e.status === 401) return failed(main, e);
      show(table, h("p.bad", { role: "alert" }, e.message));
    }
  }
  await tick();
  const timer = setInterval(tick, every);
  return {
    close() {
      clearInterval(timer);
      removeEventListener("resize", fit);
      plots.forEach(({ plot }) => plot.destroy());
    },
  };
}

function duration(s) {
  if (s < 60) return Math.floor(s) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  if (s < 86400) return (s / 3600).toFixed(1) + " h";
  return (s / 86400).toFixed(1) + " days";
}
